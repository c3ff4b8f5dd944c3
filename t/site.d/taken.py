"""The clients of taken.sh. Prints TAP without a plan.

taken.py workers PORT SITE MASTER BASE MANY: after "go" the workers do the deeds
from BASE on, reports are in SITE/evil.
taken.py sessions PORT SITE MASTER COUNT: so many wrong messages of a session.
"""
import os
import socket
import sys
import threading
import time

KIND, PORT, SITE, MASTER = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
SLY = 1000
PATIENCE = 10  # s: for machines that do much else
WAIT = 60


def ok(good, name, *why):
    print("ok -" if good else "not ok -", name, flush=True)
    for line in why if not good else ():
        print("#", str(line)[:300], flush=True)


class Client:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", PORT), WAIT)
        self.f = self.s.makefile("rb")
        self.greeting = self.f.readline()

    def ask(self, tag, text):
        """The tagged answer without its tag, b"" at the end."""
        try:
            self.s.sendall(tag + b" " + text + b"\r\n")
            for line in self.f:
                if line.startswith(tag + b" "):
                    return line[len(tag) + 1:]
        except OSError:
            pass
        return b""

    def rest(self):
        """Up to the end, which must come in time."""
        try:
            return self.f.read()
        except ConnectionError:
            return b""
        except OSError:
            return b"(no end)"

    def close(self):
        self.f.close()
        self.s.close()


class Honest(threading.Thread):
    """One that stays and asks all the time, and logs in once more each time."""

    def __init__(self):
        super().__init__(daemon=True)
        self.c = Client()
        self.good = self.c.ask(b"a", b"LOGIN demo demo").startswith(b"OK") and \
            self.c.ask(b"b", b"SELECT INBOX").startswith(b"OK")
        self.over = threading.Event()
        self.slowest, self.rounds = 0, 0

    def run(self):
        while not self.over.wait(0.1):
            begun = time.monotonic()
            self.good = self.good and self.c.ask(b"c", b"NOOP").startswith(b"OK")
            try:
                c = Client()
                self.good = self.good and \
                    c.ask(b"d", b"LOGIN demo demo").startswith(b"OK") and \
                    c.ask(b"e", b"STATUS INBOX (MESSAGES)").startswith(b"OK")
                c.close()
            except OSError:
                self.good = False
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.rounds += 1

    def told(self):
        self.over.set()
        self.join(WAIT)
        ok(self.good and self.rounds > 0 and self.slowest < PATIENCE,
           "other clients stay served",
           "%s, %d rounds, %.1f s" % (self.good, self.rounds, self.slowest))


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def children():
    """Role and pid of each process beneath the master."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry) as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
            with open("/proc/%s/cmdline" % entry, "rb") as f:
                title = f.read().replace(b"\0", b" ").decode().split(": ", 1)[-1]
        except OSError:
            continue
        if parent == MASTER:
            found[int(entry)] = title.split(" ")[0] if title else ""
    return found


def files(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def report(n):
    try:
        with open("%s/evil/%d" % (SITE, n)) as f:
            return f.read().split("\n")[:-1]
    except OSError:
        return []


def wait_for(what):
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def silent(crimes):
    """Those of whose end the log does not say why."""
    with open(SITE + "/log", errors="replace") as f:
        log = [line for line in f
               if "broke the rules" in line or "bad message" in line or
               "speaks version" in line]
    return [n for n in crimes if report(n) and
            not any("worker %s" % report(n)[0] in line for line in log)]


def workers(base, many):
    honest = Honest()
    honest.start()
    before = children()
    held = files(MASTER)
    with open(SITE + "/evil/go", "w"):
        pass
    last = many if base < SLY else 15
    # Those that are to be ended for what they do.
    crimes = range(base, base + (last if base < SLY else 11))
    count = int(os.popen(os.environ["PROGRAMS"] + "/t/evil/worker --count").read())
    crimes = [n for n in crimes if base >= SLY or n < count]
    gone = wait_for(lambda: all(
        report(n) and not alive(int(report(n)[0])) for n in crimes))
    bad = [n for n in crimes
           if not report(n) or alive(int(report(n)[0])) or len(report(n)) > 1]
    ok(gone and not bad, "%d offenders are gone" % len(crimes), bad)
    wait_for(lambda: not silent(crimes))  # the log process writes it later
    ok(not silent(crimes), "and the log says so of each", silent(crimes))
    if base == SLY:
        lies()
    honest.told()
    pids = {int(report(n)[0]) for n in range(base, base + many) if report(n)}
    lost = [(p, r) for p, r in before.items() if p not in pids and not alive(p)]
    ok(not lost, "nobody else is", lost)
    ok(wait_for(lambda: files(MASTER) <= held),
       "the master holds no descriptor more than before", held, files(MASTER))


def lies():
    ok(wait_for(lambda: "flooded" in report(SLY + 12)),
       "a flood of words about clients of others is taken")
    ok(wait_for(lambda: "flooded" in report(SLY + 15)) and
       logged().count("certificates refused: a flood") < 20,
       "one of words about certificates is told in a few lines")
    ok(wait_for(lambda: "all sent" in report(SLY + 14)),
       "wrong messages to sessions are sent", report(SLY + 14))
    said = report(SLY + 14)[1:]
    ended = sum(int(line.split()[0]) for line in said if "ended" in line)
    ok(ended > 100 and not any(line.startswith(("hangs", "no")) for line in said),
       "%d cost the session that they went to, the others nothing" % ended, said)
    wait_for(lambda: "alive" in report(SLY + 13))
    got = report(SLY + 13)[1:]
    said = [line for line in got if line.startswith(("edited", "cut"))]
    ok(len(said) > 50 and
       not any(line.endswith(("hangs", "leaks", "nosession")) for line in got),
       "a parked state that was edited shows nobody's mail but the account's own "
       "(%d of them)" % len(said), *got[:8])
    ok("own served" in got, "the true one is served", *got[:8])
    ok("another's refused" in got, "another's is refused", *got[:8])


def logged():
    with open(SITE + "/log", errors="replace") as f:
        return f.read()


def claimed():
    """A session of user0001 says that its directories are user0002's INBOX."""
    box = SITE + "/mail/user0002/Maildir"
    owner = os.stat(box)
    c = Client()
    c.s.sendall(b"evil%d LOGIN user0001 demo\r\n" % (SLY + 13))
    ok(wait_for(lambda: "session: claims another's folder" in logged()),
       "the claim is made")
    victim = Client()
    victim.ask(b"a", b"LOGIN user0002 demo")
    victim.ask(b"b", b"SELECT INBOX")
    victim.s.sendall(b"c IDLE\r\n")
    victim.f.readline()
    c.rest()
    c.close()
    with open(box + "/tmp/claimed", "w") as f:
        f.write("Subject: claimed\n\n.\n")
    os.chown(box + "/tmp/claimed", owner.st_uid, owner.st_gid)
    os.rename(box + "/tmp/claimed", box + "/new/1800000000.M1P1.claimed")
    victim.s.settimeout(10)
    try:
        said = victim.f.readline()
    except OSError as e:
        said = repr(e).encode()
    ok(said.endswith(b" EXISTS\r\n"), "whose folder it is hears of other "
       "programs' deliveries as ever", said)
    victim.close()


def sessions(count):
    honest = Honest()
    honest.start()
    worker = [p for p, r in children().items() if r == "worker"]
    bad, held = [], None
    for n in list(range(count)) + list(range(SLY, SLY + 7)):
        c = Client()
        c.s.sendall(b"evil%d LOGIN user0001 demo\r\n" % n)
        rest = c.rest()
        # the second: it said that it leaves, and had not looked at its client
        if rest != b"" and not rest.startswith(b"evil%d NO [UNAVAILABLE]" % n):
            bad.append(n)
        c.close()
    ok(not bad, "%d wrong messages: each costs the session its client" % (count + 7),
       bad)
    # A record that is none: the client hears that it must come again.
    c = Client()
    c.s.sendall(b"evil%d LOGIN user0001 demo\r\n" % (SLY + 7))
    time.sleep(0.3)
    c.s.sendall(b"x NOOP\r\n")
    said = c.rest()
    ok(said.startswith(b"* BYE"), "a parked state that is none: BYE", said)
    c.close()
    claimed()
    for n in range(SLY + 8, SLY + 13):
        c = Client()
        c.s.sendall(b"evil%d LOGIN user0001 demo\r\n" % n)
        c.rest()
        c.close()
    c = Client()
    ok(c.ask(b"a", b"LOGIN user0001 demo").startswith(b"OK"),
       "the account is served afterwards")
    c.close()
    honest.told()
    ok(len(worker) == 1 and alive(worker[0]), "its worker lives")
    held = files(worker[0])
    ok(wait_for(lambda: files(worker[0]) < 120),
       "and holds nobody's descriptors (%d)" % held, held)


if KIND == "workers":
    workers(int(sys.argv[5]), int(sys.argv[6]))
else:
    sessions(int(sys.argv[5]))
