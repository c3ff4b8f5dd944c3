"""A running server is short of memory, of processes and of certainty.

fate.py PORT MAILS MASTER FATE: MAILS holds the accounts, FATE is the file that
t/evil/fate.c maps. FULL=1: at every call. Prints TAP without a plan.
RELIABILITY B21, C13, C15, C16, C22, D16.
"""
import glob
import mmap
import os
import resource
import socket
import struct
import sys
import time

PORT, MAILS, MASTER = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
FULL = os.environ.get("FULL") == "1"
NONE, MEMORY, MESSAGE = range(3)
with open(sys.argv[4], "r+b") as file:
    shared = mmap.mmap(file.fileno(), 4096)
tests = failed = 0


def ok(good, name, *why):
    global tests, failed
    tests += 1
    failed += not good
    print("ok" if good else "not ok", tests, "-", name, flush=True)
    for line in why if not good else ():
        print("#", str(line)[:300], flush=True)


def skip(name, why):
    global tests
    tests += 1
    print("ok", tests, "-", name, "# SKIP", why, flush=True)


# --- the file -------------------------------------------------------------------

def arm(kind, n=0, pid=0, who=b""):
    shared[8:12] = struct.pack("I", NONE)
    shared[12:40] = struct.pack("III16s", n, 0, pid, who)
    shared[8:12] = struct.pack("I", kind)


def disarm():
    """How many such calls there were."""
    shared[8:12] = struct.pack("I", NONE)
    return struct.unpack("I", shared[16:20])[0]


def clock(seconds):
    shared[0:8] = struct.pack("q", seconds)


def points(count, some):
    """Which of so many calls are tried."""
    if FULL or count <= some:
        return range(1, count + 1)
    return sorted({1 + i * (count - 1) // (some - 1) for i in range(some)})


# --- processes ------------------------------------------------------------------

def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def roles():
    """Role and pid of each process beneath the master, and its own."""
    parents = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                pid, rest = f.read().split(" ", 1)
            parents[int(pid)] = int(rest.rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    found, known = [("master", MASTER)], {MASTER}
    while True:
        more = [pid for pid in parents
                if parents[pid] in known and pid not in known]
        if not more:
            return found
        for pid in more:
            known.add(pid)
            try:
                with open("/proc/%d/cmdline" % pid, "rb") as f:
                    title = f.read().replace(b"\0", b" ").decode()
            except OSError:
                continue
            words = title.split(": ", 1)[-1].split()
            found.append((words[0] if words else "", pid))


def pids(role):
    return [pid for name, pid in roles() if name == role]


# --- clients --------------------------------------------------------------------

class Client:
    def __init__(self, user="demo"):
        self.s = socket.create_connection(("127.0.0.1", PORT), 60)
        self.s.settimeout(60)
        self.f = self.s.makefile("rb")
        self.n = 0
        self.greeting = self.f.readline()
        self.user = user

    def send(self, data):
        self.s.sendall(data)

    def ask(self, text, literal=None):
        """The tagged answer, b"" at the end; self.lines: what came before."""
        self.n += 1
        tag = b"t%d " % self.n
        try:
            if literal is not None:
                text += b" {%d+}\r\n" % len(literal) + literal
            self.send(tag + text + b"\r\n")
        except OSError:
            return b""
        return self.answer(tag)

    def answer(self, tag):
        self.lines = []
        while True:
            try:
                line = self.f.readline()
            except ConnectionError:
                line = b""
            if not line:
                return b""
            if line.startswith(tag):
                return line[len(tag):].strip()
            self.lines.append(line)

    def login(self):
        return self.ask(b"LOGIN %s demo" % self.user.encode())

    def close(self):
        self.f.close()
        self.s.close()


def conversation():
    """True: all was answered OK. A client that hangs is an error."""
    try:
        c = Client()
    except OSError:
        return False
    good = c.greeting.startswith(b"* OK")
    for text in (b"LOGIN demo demo", b"SELECT INBOX", b"STATUS INBOX (MESSAGES)",
                 b"LOGOUT"):
        good = good and c.ask(text).startswith(b"OK")
    c.close()
    return good


def serves(seconds=150 if FULL else 45):
    """The server is whole again within that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if conversation():
            return True
        time.sleep(0.1)
    return False


def message(ident):
    return b"Subject: %s\r\n\r\n%s\r\n" % (ident, ident)


def count(user, ident):
    """How many messages of that name an account has."""
    found = set()
    for part in ("new", "cur"):  # the way that messages go
        for path in glob.glob("%s/%s/Maildir/%s/*" % (MAILS, user, part)):
            try:
                with open(path, "rb") as f:
                    if f.readline().strip() == b"Subject: " + ident:
                        found.add(os.path.basename(path).split(":")[0])
            except FileNotFoundError:
                pass  # on its way to cur/
    return len(found)


# --- C16: no memory -------------------------------------------------------------

def no_memory(role):
    bad = []
    serves()
    who = pids(role)
    if not who:
        ok(False, "a %s runs" % role)
        return
    for pid in who:  # one of the workers has the client
        arm(MEMORY, 0, pid)
        conversation()
        total = disarm()
        if total:
            break
    tried = 0
    for n in points(total, 4):
        for pid in pids(role):
            arm(MEMORY, n, pid)
            try:
                conversation()
            except TimeoutError:
                bad.append("call %d: a client hangs" % n)
            tried += disarm() >= n
        if not alive(MASTER):
            bad.append("call %d: the master is gone" % n)
            break
        if not serves():
            bad.append("call %d: nobody is served after it" % n)
    ok(tried and not bad,
       "no memory in %s, %d of %d calls" % (role, tried, total), *bad)


# --- C13: killed around parking --------------------------------------------------

def parked(ident, user):
    """Commands with rests in which the client is parked; what was OK."""
    c = Client(user)
    done = []
    if not c.login().startswith(b"OK"):
        return done
    c.ask(b"SELECT INBOX")
    for i in range(3):
        name = b"%s-%d" % (ident, i)
        if c.ask(b"APPEND INBOX", message(name)).startswith(b"OK"):
            done.append(name)
        time.sleep(0.02 * i)  # in the middle of it, and when it is done
    names = [b"%s-p%d" % (ident, i) for i in range(2)]
    try:
        c.send(b"".join(b"p%d APPEND INBOX {%d+}\r\n%s\r\n" % (
            i, len(message(name)), message(name))
            for i, name in enumerate(names)))
    except OSError:
        return done
    done += [name for i, name in enumerate(names)
             if c.answer(b"p%d " % i).startswith(b"OK")]
    c.ask(b"LOGOUT")
    c.close()
    return done


def killed_parking():
    arm(MESSAGE, 0, 0, b"imapd")
    all_done = parked(b"k0", "demo")
    total = disarm()
    bad = [] if len(all_done) == 5 else ["not all is done without a fault"]
    for n in points(total, 8):
        ident = b"k%d" % n
        arm(MESSAGE, n, 0, b"imapd")
        try:
            done = parked(ident, "demo")
        except (TimeoutError, OSError) as e:
            bad.append("message %d: %r" % (n, e))
            done = []
        disarm()
        for i in ("0", "1", "2", "p0", "p1"):
            name = ident + b"-" + i.encode()
            times = count("demo", name)
            if times > 1 or (name in done and times != 1):
                bad.append("message %d: %r is there %d times" % (
                    n, name, times))
            if count("user0001", name):
                bad.append("%r is another's" % name)
        if not serves():
            bad.append("message %d: nobody is served after it" % n)
    ok(total > 3 and not bad,
       "sessions killed before their messages, %d windows" % total, *bad)


# --- D16: the clock jumps ---------------------------------------------------------

def arrives(c, ident):
    """A stranger delivers while the client idles; it is told."""
    c.n += 1
    tag = b"t%d " % c.n
    c.send(tag + b"IDLE\r\n")
    c.f.readline()
    base = "%s/demo/Maildir/%%s/%d.%s.stranger" % (
        MAILS, int(time.time()), ident.decode())
    with open(base % "tmp", "wb") as f:
        f.write(message(ident))
    uid = os.stat(MAILS + "/demo/Maildir").st_uid
    os.chown(base % "tmp", uid, uid) if os.getuid() == 0 else None
    os.rename(base % "tmp", base % "new")
    while True:
        line = c.f.readline()
        if not line or b"EXISTS" in line:
            break
    c.send(b"DONE\r\n")
    return line and c.answer(tag).startswith(b"OK")


def jumps():
    for seconds, name in ((-3600, b"hour"), (365 * 86400, b"year"),
                          (0, b"back")):
        c = Client()
        good = c.login().startswith(b"OK") and \
            c.ask(b"SELECT INBOX").startswith(b"OK")
        clock(seconds)
        good = good and arrives(c, b"clock-" + name)
        good = good and c.ask(b"APPEND INBOX", message(b"date-" + name)) \
            .startswith(b"OK [APPENDUID")
        good = good and c.ask(b"NOOP").startswith(b"OK") and serves(10)
        ok(good and count("demo", b"date-" + name) == 1,
           "the clock jumps to %+d s beneath a client" % seconds)
        c.close()
    clock(0)


# --- C15, C22: cgroups ------------------------------------------------------------

def group(kind):
    """A control group of that kind, or None."""
    path = "/sys/fs/cgroup/%s/imapd-test.%d" % (kind, os.getpid())
    try:
        os.mkdir(path)
        with open(path + "/cgroup.procs"):
            return path
    except OSError:
        return None


def put(path, text):
    with open(path, "w") as f:
        f.write(str(text))


def enter(path, pid):
    try:
        put(path + "/cgroup.procs", pid)
    except ProcessLookupError:
        pass  # a session that lingered has ended since it was seen


def leave(path, parent):
    """Whoever is there, and whom it forks meanwhile."""
    end = time.monotonic() + 20
    while True:
        for line in open(path + "/cgroup.procs").read().split():
            try:
                put(parent + "/cgroup.procs", line)
            except OSError:
                pass
        try:
            os.rmdir(path)
            return
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(0.05)


def no_processes():
    name = "no process can be made"
    path = group("pids")
    if path is None or not os.path.exists(path + "/pids.max"):
        skip(name, "this machine has no pids control group")
        return
    for _, pid in roles():
        enter(path, pid)
    put(path + "/pids.max", 1)
    said, clients = [], []
    for i in range(20):  # more accounts than processes wait for
        c = Client("user%04d" % (i + 1))
        clients.append(c)
        said.append(c.login())
        if not said[-1].startswith(b"OK"):
            break
    refused = [s for s in said if not s.startswith(b"OK")]
    told = [s for s in refused if b"UNAVAILABLE" in s] or \
        [line for line in clients[-1].lines if b"UNAVAILABLE" in line]
    for c in clients:
        c.close()
    put(path + "/pids.max", "max")
    good = serves()
    leave(path, os.path.dirname(path))
    ok(refused and told and alive(MASTER) and good,
       "%s: told as [UNAVAILABLE], %d logins before it" % (name, len(said) - 1),
       refused, clients[-1].lines, good)


def killed_for_memory(role, load, room):
    """A process is let have little, and others are served all the same."""
    name = "%s meets the end of its memory group" % role
    path = group("memory")
    if path is None or not os.path.exists(path + "/memory.limit_in_bytes"):
        skip(name, "this machine has no memory control group")
        return
    clients = [Client()]
    clients[0].login()
    put(path + "/memory.limit_in_bytes", room)
    for pid in pids(role):
        enter(path, pid)
    load(clients)
    with open(path + "/memory.failcnt") as f:
        met = int(f.read())  # how often it was at its end
    good = serves()
    for c in clients:
        c.close()
    leave(path, os.path.dirname(path))
    ok(met > 0 and good and alive(MASTER), name, met, good)


def many(clients):
    try:
        for _ in range(200):
            clients.append(Client())
            clients[-1].send(b"a LOGIN {900+}\r\n" + b"x" * 899)
    except OSError:
        pass  # it has ended


def large(clients):
    header = b"".join(b"X-%d: %s\r\n" % (i, b"x" * 900) for i in range(3000))
    clients[0].ask(b"APPEND INBOX", header + b"\r\nbody\r\n")
    clients[0].ask(b"SELECT INBOX")
    clients[0].ask(b"FETCH * (ENVELOPE BODYSTRUCTURE BODY[])")


# --- B21: RLIMIT_DATA ---------------------------------------------------------------

def data_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) << 10 for line in f
                    if line.startswith("VmData:"))


def bound(found):
    """Sessions may have 1 MB more, as their owner decides; the number of them."""
    bounded = 0
    for pid in found:
        child = os.fork()
        if child == 0:
            try:
                room = data_of(pid) + (1 << 20)
                st = os.stat(MAILS + "/demo/Maildir")
                if os.getuid() == 0:
                    os.setgroups([])
                    os.setresgid(*[st.st_gid] * 3)
                    os.setresuid(*[st.st_uid] * 3)
                resource.prlimit(pid, resource.RLIMIT_DATA, (room, room))
                os._exit(0)
            finally:  # whatever came: this is a copy of the test
                os._exit(1)
        bounded += os.waitpid(child, 0)[1] == 0
    return bounded


def end_of_data():
    """A header of 8 MB for sessions that may not have as much."""
    name = "a session at its limit of data"
    c, other = Client(), Client("user0001")
    good = c.login().startswith(b"OK") and other.login().startswith(b"OK")
    header = b"".join(b"X-%d: %s\r\n" % (i, b"x" * 900) for i in range(9000))
    good = good and c.ask(b"APPEND INBOX", header + b"Subject: large\r\n\r\nx") \
        .startswith(b"OK") and c.ask(b"SELECT INBOX").startswith(b"OK")
    before = pids("worker") + pids("auth") + pids("spawner")
    found = pids("session")
    bounded = bound(found)
    said = [c.ask(text) for text in (b"FETCH * BODY.PEEK[HEADER.FIELDS (SUBJECT)]",
                                     b"FETCH * (BODYSTRUCTURE ENVELOPE)")]
    c.close()
    for pid in found:  # those that live linger
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass
    good = good and other.ask(b"CAPABILITY").startswith(b"OK") and serves()
    other.close()
    again = Client()
    good = again.login().startswith(b"OK") and \
        again.ask(b"SELECT INBOX").startswith(b"OK") and good
    last = again.ask(b"FETCH * (BODYSTRUCTURE ENVELOPE)")
    again.close()
    ok(any(not s.startswith(b"OK") for s in said) and good and
       last.startswith(b"OK") and before == pids("worker") + pids("auth") +
       pids("spawner"), "%s costs its client only" % name, bounded,
       said, good, last)


def main():
    ok(conversation(), "a login")
    jumps()
    killed_parking()
    for role in ("worker", "auth", "spawner", "master"):
        no_memory(role)
    end_of_data()
    no_processes()
    killed_for_memory("session", large, 300 << 10)
    killed_for_memory("worker", many, 32 << 10)
    return failed != 0


sys.exit(main())
