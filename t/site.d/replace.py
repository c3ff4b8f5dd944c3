#!/usr/bin/env python3
"""A running site is upgraded under its clients: replace.py PORT SSLPORT MASTER
PROGRAMS BIN LOG CONFIG. Says one TAP line per fact."""
import os, shutil, signal, socket, ssl, subprocess, sys, threading, time

port, sslport, master = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
programs, bin_, log, config = sys.argv[4:8]
NAMES = ("imapd-master", "imapd-worker", "imapd-auth", "imapd")
count = 0


def ok(fact, name, why=""):
    global count
    count += 1
    print("%sok %d - %s" % ("" if fact else "not ", count, name))
    if not fact and why:
        print("# " + str(why))
    sys.stdout.flush()


class Client:
    def __init__(self, tls=False, login=True):
        s = socket.create_connection(
            ("127.0.0.1", sslport if tls else port), 30)
        if tls:
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            c.check_hostname = False
            c.verify_mode = ssl.CERT_NONE
            s = c.wrap_socket(s)
        s.settimeout(30)
        self.s, self.buf, self.tag = s, b"", 0
        self.greeting = self.line()
        if login:
            self.do("LOGIN demo demo")

    def line(self):
        while b"\n" not in self.buf:
            got = self.s.recv(65536)
            if not got:
                raise EOFError(self.buf)
            self.buf += got
        line, self.buf = self.buf.split(b"\n", 1)
        return line.decode().rstrip("\r")

    def until(self, text):
        while True:
            line = self.line()
            if text in line:
                return line

    def say(self, text):
        self.s.sendall((text + "\r\n").encode())

    def do(self, text):
        self.tag += 1
        tag = "t%d " % self.tag
        self.say(tag + text)
        line = self.until(tag)
        if not line.startswith(tag + "OK"):
            raise ValueError(line)
        return line

    def idle(self):
        self.do("SELECT INBOX")
        self.say("idle IDLE")
        self.until("+ ")

    def done(self):
        self.say("DONE")
        self.until("idle OK")


def append(c, body):
    m = "Subject: %s\r\n\r\n%s\r\n" % (body, body)
    c.do("APPEND INBOX {%d+}\r\n%s" % (len(m), m))


def logged(text, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        with open(log, errors="replace") as f:
            if text in f.read()[start:]:
                return True
        time.sleep(0.05)
    return False


def mark():
    global start
    with open(log, errors="replace") as f:
        start = len(f.read())


def install(name, source=None):
    """As an upgrade does: a new file renamed over the old one."""
    new = os.path.join(bin_, ".new")
    shutil.copy(source or os.path.join(programs, name), new)
    os.rename(new, os.path.join(bin_, name))


def children():
    with open("/proc/%d/task/%d/children" % (master, master)) as f:
        return set(f.read().split())


def titled(title):
    """Who is beneath the master and has a title that begins so."""
    out = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], text=True,
                         stdout=subprocess.PIPE).stdout
    rows = [line.split(None, 2) for line in out.splitlines()]
    ours = {str(master)}
    for _ in range(3):
        ours |= {pid for pid, parent, _ in rows if parent in ours}
    return [int(pid) for pid, _, args in rows
            if pid in ours and args.split(": ", 1)[-1].startswith(title)]


errors, tries, stop = [], 0, False


def hammer():
    global tries
    while not stop:
        try:
            c = Client(tls=tries % 2 == 1)
            c.do("NOOP")
            c.do("LOGOUT")
            tries += 1
        except Exception as e:
            errors.append(repr(e))


start = 0
plain, tls = Client(), Client(tls=True)
plain.idle()
tls.idle()
before = children()  # who is plain moves to new ones: heirs.py
pidfile = config + ".pid"
pid = open(pidfile).read()
hammers = [threading.Thread(target=hammer) for _ in range(16)]
for t in hammers:
    t.start()

mark()
for n in NAMES:
    install(n)
os.kill(master, signal.SIGHUP)
ok(logged("the new programs take over") and logged("ready, version"),
   "new programs take over after a reload")
time.sleep(0.5)
stop = True
for t in hammers:
    t.join()
ok(not errors and tries > 0, "no login was refused meanwhile", errors[:3])
after = children()
ok(len(before & after) >= 4 and len(after) > len(before),
   "the old processes are there beside new ones")
ok(open(pidfile).read() == pid and
   os.readlink("/proc/%d/exe" % master) == os.path.join(bin_, "imapd-master"),
   "the master has its pid still, and is the new program")

new = Client()
append(new, "one")
try:
    a, b = plain.until(" EXISTS"), tls.until(" EXISTS")
    ok(True, "who waited through it, plain and TLS, hears of what comes after")
except Exception as e:
    ok(False, "who waited through it hears of what comes after", repr(e))
new.idle()
plain.done()
plain.do("STORE 1 +FLAGS (\\Flagged)")
ok("Flagged" in new.until(" FETCH "),
   "who came after it hears of what the others do")
new.done()
plain.do("NOOP")
tls.done()
tls.do("FETCH 1 BODY[HEADER]")
ok(True, "the old clients work on")
mark()
plain.do("LOGOUT")
tls.do("LOGOUT")
ok(logged("the old processes have gone"), "the old processes go with them")
ok(not (before & children()), "all of them")

# What cannot work does no harm.
mark()
with open(bin_ + "/.broken", "w") as f:
    f.write("no program\n")
os.chmod(bin_ + "/.broken", 0o755)
install("imapd-worker", bin_ + "/.broken")
os.kill(master, signal.SIGHUP)
ok(logged("imapd-worker: does not run") and logged("nothing is changed"),
   "a broken program is not used")
new.do("NOOP")
Client().do("NOOP")
ok(True, "and everything goes on as it was")
install("imapd-worker")
os.unlink(bin_ + "/imapd-master")
mark()
os.kill(master, signal.SIGHUP)
ok(logged("nothing is changed"), "nor is one that is not there")
install("imapd-master")

# What runs is of one build, whatever lies in its place until a reload.
for n in NAMES:
    install(n, "/bin/true")
new.do("LOGOUT")
gone = titled("template") + titled("worker")[:1]
for p in gone:
    os.kill(p, signal.SIGKILL)
end = time.time() + 20
while time.time() < end and (len(titled("worker")) < 2 or
                             not set(titled("template")) - set(gone)):
    time.sleep(0.05)
for i in range(20):  # more than there were spares before
    Client(tls=i % 2 == 1).do("LOGOUT")
ok(not set(gone) & set(titled("template") + titled("worker")),
   "who dies is followed by a program of the build that runs")
names = {open("/proc/%d/comm" % p).read().strip()
         for title in ("worker", "template", "auth", "log") for p in titled(title)}
ok(names == set(NAMES), "and have their programs' names", names)
for n in NAMES:
    install(n)
new = Client(tls=True)
new.idle()

# The deadline.
with open(config, "a") as f:
    f.write("IMAP_DRAIN_TIMEOUT=1\nSTOP_TIMEOUT=2\n")
mark()
os.kill(master, signal.SIGHUP)
try:
    bye = new.until("* BYE")
except EOFError as e:
    bye = repr(e)
ok("BYE" in bye and logged("clients are sent away"),
   "who stays longer than IMAP_DRAIN_TIMEOUT reads BYE", bye)
ok(logged("the old processes have gone"), "and the old processes go")
Client().do("LOGOUT")
ok(open(pidfile).read() == pid, "the pid is the same to the end")
print("1..%d" % count)
