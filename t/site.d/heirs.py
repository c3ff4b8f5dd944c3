#!/usr/bin/env python3
"""Parked clients move to the new generation at an upgrade, and notice nothing:
heirs.py PORT SSLPORT MASTER PROGRAMS BIN SITE. Says one TAP line per fact."""
import json, os, random, re, shutil, signal, socket, ssl, subprocess, sys
import threading, time

port, sslport, master = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
programs, bin_, site = sys.argv[4:7]
NAMES = ("imapd-master", "imapd-worker", "imapd-auth", "imapd")
inbox = os.path.join(site, "mail/demo/Maildir")
count = 0


def ok(fact, name, why=""):
    global count
    count += 1
    print("%sok %d - %s" % ("" if fact else "not ", count, name))
    if not fact and why:
        print("# " + str(why)[:2000])
    sys.stdout.flush()


class Client:
    """Keeps a picture of its folder: the UIDs by sequence number."""

    def __init__(self, tls=False, user="demo"):
        s = socket.create_connection(
            ("127.0.0.1", sslport if tls else port), 60)
        if tls:
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            c.check_hostname = False
            c.verify_mode = ssl.CERT_NONE
            s = c.wrap_socket(s)
        s.settimeout(60)
        self.s, self.buf, self.tag, self.exists = s, b"", 0, 0
        self.leaves = False
        self.line()
        self.do("LOGIN %s demo" % user)
        self.port = s.getsockname()[1]

    def line(self):
        while b"\n" not in self.buf:
            got = self.s.recv(65536)
            if not got:
                raise EOFError(self.buf)
            self.buf += got
        line, self.buf = self.buf.split(b"\n", 1)
        line = line.decode().rstrip("\r")
        words = line.split(" ")
        if len(words) == 3 and words[2] == "EXISTS":
            self.exists = int(words[1])
        elif len(words) == 3 and words[2] == "EXPUNGE":
            self.exists -= 1
        elif words[:2] == ["*", "BYE"] and not self.leaves:
            raise EOFError(line)
        return line

    def until(self, text):
        while True:
            line = self.line()
            if text in line:
                return line

    def say(self, text):
        self.leaves = "LOGOUT" in text
        self.s.sendall((text + "\r\n").encode())

    def do(self, text):
        self.tag += 1
        tag = "t%d " % self.tag
        self.say(tag + text)
        lines = []
        while not lines or not lines[-1].startswith(tag):
            lines.append(self.line())
        if not lines[-1].startswith(tag + "OK"):
            raise ValueError(lines[-1])
        return lines

    def idle(self):
        self.say("idle IDLE")
        self.until("+ ")

    def done(self):
        self.say("DONE")
        self.until("idle OK")

    def uids(self):
        return uids(self.do("FETCH 1:* (UID)"))


def uids(lines):
    return [m.group(1) for m in
            (re.search(r" FETCH \(.*UID (\d+)", l) for l in lines) if m]


def deliver(n):
    name = "%d.gens%d.host" % (time.time(), n)
    with open(os.path.join(inbox, "tmp", name), "w") as f:
        f.write("Subject: %d\n\ntext\n" % n)
    os.rename(os.path.join(inbox, "tmp", name), os.path.join(inbox, "new", name))


def who():
    out = subprocess.run([programs + "/imapctl", "-C", site + "/control", "who",
                          "-j"], capture_output=True, text=True).stdout
    return {c["port"]: c for c in json.loads(out)}


def wait(test, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        if test():
            return True
        time.sleep(0.05)
    return False


def logged(text):
    with open(site + "/log", errors="replace") as f:
        f.seek(start)
        return text in f.read()


def mark():
    global start
    start = os.path.getsize(site + "/log")


def children():
    with open("/proc/%d/task/%d/children" % (master, master)) as f:
        return set(f.read().split())


def title(pid):
    with open("/proc/%s/cmdline" % pid) as f:
        return f.read()


def upgrade():
    mark()
    for n in NAMES:
        new = os.path.join(bin_, ".new")
        shutil.copy(os.path.join(programs, n), new)
        os.rename(new, os.path.join(bin_, n))
    os.kill(master, signal.SIGHUP)
    return wait(lambda: logged("the new programs take over") and
                logged("ready, version"))


def heirs(clients):
    w = who()
    return all(c.port in w and not w[c.port]["retired"] for c in clients)


stop, troubles, turns = threading.Event(), [], [0]


def restless(seed):
    """Ends its IDLE again and again at no matter what moment."""
    r = random.Random(seed)
    try:
        c = Client()
        c.do("SELECT INBOX")
        while not stop.is_set():
            c.idle()
            time.sleep(r.uniform(0, 0.6))
            c.say("DONE\r\nx1 NOOP\r\nx2 UID SEARCH ALL")
            got = [c.until("idle OK"), c.until("x1 OK"), c.until("x2 OK")]
            turns[0] += len(got)
        c.do("LOGOUT")
    except Exception as e:
        troubles.append("%d: %r" % (seed, e))


def delivery():
    while not stop.is_set():
        deliver(delivered[0])
        delivered[0] += 1
        time.sleep(0.02)


delivered = [0]
idlers = [Client() for _ in range(24)]
for c in idlers:
    c.do("SELECT INBOX")
    c.idle()
for i in range(3):
    deliver(-1 - i)
for c in idlers:
    while c.exists < 3:
        c.line()
quiet = [Client() for _ in range(4)]
for c in quiet[:2]:
    c.do("ENABLE CONDSTORE")
    c.do("SELECT INBOX")
    c.do("SEARCH RETURN (SAVE) UID 1:2")
tls = Client(tls=True)
tls.do("SELECT INBOX")
tls.idle()
listeners = [Client() for _ in range(4)]
for i, c in enumerate(listeners):
    if i < 2:
        c.do("SELECT INBOX")
    c.do("NOTIFY SET (personal (MessageNew MessageExpunge MailboxName))")
    if i % 2:
        c.idle()
before = children()
ok(wait(lambda: all(who()[c.port]["state"] == "parked"
                    for c in idlers + quiet + listeners + [tls])),
   "all are parked")
was = who()
threads = [threading.Thread(target=restless, args=(i,)) for i in range(6)]
threads.append(threading.Thread(target=delivery))
for t in threads:
    t.start()
time.sleep(0.5)
ok(upgrade(), "new programs take over")
extra = Client()
for i in range(20):
    extra.do("APPEND INBOX.Drafts {5+}\r\nhello")
    time.sleep(0.05)
    extra.do("CREATE INBOX.moved%d" % i)
ok(wait(lambda: heirs(idlers + quiet + listeners)),
   "every plain client has a new worker")
time.sleep(0.5)
stop.set()
for t in threads:
    t.join()
ok(not troubles and turns[0] > 0, "who spoke in the middle lost nothing",
   troubles)
now = who()
ok(now[tls.port]["retired"], "who has TLS stays with the old one")
ok(all(abs(now[c.port]["login"] - was[c.port]["login"]) <= 1 and
       now[c.port]["out"] >= was[c.port]["out"] and
       now[c.port]["user"] == "demo" and
       now[c.port]["folder"] == was[c.port]["folder"]
       for c in idlers + quiet), "who shows them as they were",
   [(now[c.port], was[c.port]) for c in idlers + quiet])

total = 3 + delivered[0]
late = []
for c in idlers + [tls]:
    try:
        while c.exists < total:
            c.line()
    except Exception as e:
        late.append("%d of %d: %r" % (c.exists, total, e))
ok(not late, "each has heard of every delivery meanwhile", late)
drafts = extra.do("STATUS INBOX.Drafts (MESSAGES UIDNEXT)")[0]
drafts = drafts[:drafts.index("UIDNEXT")]
extra.do("LOGOUT")
late = []
for i, c in enumerate(listeners):
    try:
        want = {drafts} | {'"INBOX.moved%d"' % i for i in range(20)}
        if i >= 2:
            want.add('STATUS "INBOX" (MESSAGES %d ' % total)
        while want:
            line = c.line()
            want -= {one for one in want if one in line}
    except Exception as e:
        late.append("%s: %r" % (want, e))
ok(not late, "and who has NOTIFY of every folder", late)
new = Client()
new.do("SELECT INBOX")
truth = new.uids()
new.do("STORE 2 +FLAGS (\\Flagged)")
heard = []
for c in idlers + [tls]:
    try:
        c.until("2 FETCH (")
    except Exception as e:
        heard.append(repr(e))
ok(not heard, "and hears of a STORE in the new generation", heard)
new.do("STORE 1 +FLAGS (\\Deleted)")
new.do("EXPUNGE")
truth = truth[1:]
wrong = []
for c in idlers:
    try:
        c.until("EXPUNGE")
        c.done()
        if c.uids() != truth:
            wrong.append(c.uids())
        c.do("STORE 1 +FLAGS (\\Seen)")
    except Exception as e:
        wrong.append(repr(e))
ok(not wrong, "after DONE its picture is right, and it can work", wrong)
wrong = []
for c in quiet[:2]:
    try:
        lines = c.do("UID FETCH $ (UID)")
        if uids(lines) != truth[:1]:
            wrong.append(lines)
    except Exception as e:
        wrong.append(repr(e))
for c in quiet[2:]:
    c.do("NOOP")
    c.do("SELECT INBOX")
    if c.uids() != truth:
        wrong.append(c.uids())
ok(not wrong, "so has who was silent outside of IDLE, with its saved search",
   wrong)
tls.until("EXPUNGE")
tls.done()
tls.do("LOGOUT")
ok(wait(lambda: logged("the old processes have gone")) and
   not before & children(), "the old processes have gone")

new.do("RENAME INBOX.moved1 INBOX.there")
late = []
for c in listeners:
    try:
        c.until('"INBOX.there" ("OLDNAME" ("INBOX.moved1"))')
    except Exception as e:
        late.append(repr(e))
ok(not late, "and of a folder that is renamed in the new generation", late)

# The new tickets are as good as any: another spawner, new sessions.
for c in idlers:
    c.idle()
wait(lambda: all(who()[c.port]["state"] == "parked" for c in idlers))
for pid in children():
    if "spawner" in title(pid):
        os.kill(int(pid), signal.SIGKILL)
mark()
wait(lambda: any("spawner" in title(p) for p in children()))
new.do("STORE 1 +FLAGS (\\Answered)")
wrong = []
for c in idlers:
    try:
        c.until("FETCH")
        c.done()
        c.idle()
    except Exception as e:
        wrong.append(repr(e))
ok(not wrong, "a new spawner takes their tickets", wrong)

# Who has moved once moves again, and can be ended by name.
wait(lambda: all(who()[c.port]["state"] == "parked" for c in idlers))
before = children()
ok(upgrade() and wait(lambda: heirs(idlers + listeners)),
   "another upgrade, another move")
ok(wait(lambda: logged("the old processes have gone")),
   "nobody has to leave for the old processes to go")
subprocess.run([programs + "/imapctl", "-C", site + "/control", "kick", "demo"],
               capture_output=True)
left = 0
for c in idlers + quiet + listeners:
    try:
        while True:
            c.line()
    except EOFError as e:
        left += "administrator" in str(e)
ok(left == len(idlers + quiet + listeners), "imapctl kick finds them all", left)
print("1..%d" % count)
