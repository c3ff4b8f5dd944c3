"""The clients of swapped.sh: prints "ok NAME" or "not ok NAME" lines.

swapped.py PORT MAILS SECONDS: user0001 works, user0002 has what it may not see.
"""
import hashlib
import os
import random
import shutil
import signal
import socket
import sys
import time

PORT, MAILS, SECONDS = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
MINE, OTHER = MAILS + "/user0001/Maildir", MAILS + "/user0002/Maildir"
SECRET = b"the-other-ones-secret"
WAIT = 40  # s: LOCK_TIMEOUT is 5


def check(good, name, *why):
    print(("ok " if good else "not ok ") + name, flush=True)
    for line in why if not good else ():
        print("#", str(line)[:300], flush=True)


class Client:
    def __init__(self, user):
        self.s = socket.create_connection(("127.0.0.1", PORT), WAIT)
        self.f = self.s.makefile("rb")
        self.f.readline()
        self.n, self.leaks = 0, 0
        self.ask(b"LOGIN %s demo" % user)

    def ask(self, text):
        """The tagged answer; b"" at the end. What takes too long is an error."""
        self.n += 1
        tag = b"t%d " % self.n
        try:
            self.s.sendall(tag + text + b"\r\n")
            for line in self.f:
                self.leaks += SECRET in line
                if line.startswith(tag):
                    return line[len(tag):]
        except ConnectionError:
            pass
        return b""

    def close(self):
        self.f.close()
        self.s.close()


def fill(user):
    """Two folders with a message each, a keyword and a subscription."""
    c = Client(user)
    text = b"Subject: %s\r\n\r\n%s\r\n" % (
        user, SECRET if user == b"user0002" else b"mine")
    for box in (b"INBOX", b"INBOX.Box"):
        c.ask(b"CREATE " + box)
        c.ask(b"APPEND %s {%d+}\r\n%s" % (box, len(text), text))
        c.ask(b"SUBSCRIBE " + box)
        c.ask(b"SELECT " + box)
        c.ask(b"STORE 1 +FLAGS (word)")
    c.ask(b"LOGOUT")
    c.close()


def picture(root):
    """All that another could have changed."""
    seen = {}
    for folder, _, names in os.walk(root):
        for path in [folder] + [folder + "/" + n for n in names]:
            st = os.lstat(path)
            text = b""
            if os.path.isfile(path) and not path.endswith("lock.mdb"):
                with open(path, "rb") as f:
                    text = hashlib.sha256(f.read()).digest()
            seen[path] = (st.st_mode, st.st_uid, st.st_nlink, st.st_size, text)
    return seen


def swap(name, how):
    """For a moment what stands there is the other one's, or a pipe."""
    path, aside = MINE + "/" + name, MINE + "/aside"
    try:
        os.rename(path, aside)
    except OSError:
        return
    try:
        if how == "pipe":
            os.mkfifo(path)
        else:
            os.symlink(OTHER + "/" + name, path)
    except OSError:
        pass
    time.sleep(random.choice((0, 0.0005, 0.002, 0.01)))
    try:
        if os.path.islink(path) or not os.path.isdir(path):
            os.unlink(path)
    except OSError:
        pass
    try:
        os.rename(aside, path)
    except OSError:
        pass  # somebody made a new one
    if os.path.lexists(aside):
        shutil.rmtree(aside, ignore_errors=True)
        if os.path.lexists(aside):
            os.unlink(aside)


def swapper():
    os.setgroups([])
    os.setresgid(64001, 64001, 64001)
    os.setresuid(64001, 64001, 64001)
    names = ["cur", "new", "tmp", "courierimapuiddb", "courierimapsubscribed",
             "courierimapkeywords", "corkboard", "corkboard/index", ".Box",
             ".Box/cur", ".Box/new", ".Box/tmp", ".Box/courierimapuiddb",
             ".Box/courierimapkeywords", "corkboard/modseq"]
    while True:
        swap(random.choice(names), random.choice(("link", "link", "pipe")))
        time.sleep(random.choice((0, 0.001, 0.01)))


def work():
    """What is done meanwhile: commands, those that were answered OK, leaks."""
    commands = [
        b"SELECT INBOX", b"APPEND INBOX {6+}\r\nmine\r\n", b"NOOP",
        b"FETCH 1:* (FLAGS BODY.PEEK[])", b"STORE 1 +FLAGS (word%d)",
        b"COPY 1 INBOX.Box", b"SELECT INBOX.Box", b"FETCH 1:* (BODY.PEEK[])",
        b"STORE 1:* +FLAGS (\\Deleted word)", b"EXPUNGE", b"CREATE INBOX.N%d",
        b"RENAME INBOX.N%d INBOX.M%d", b"DELETE INBOX.M%d", b"SUBSCRIBE INBOX.S%d",
        b"STATUS INBOX.Box (MESSAGES)", b'LIST "" *', b"SEARCH BODY secret",
        b"SELECT INBOX", b"STORE 1 +FLAGS (\\Deleted)", b"EXPUNGE"]
    asked = good = leaks = 0
    end = time.monotonic() + SECONDS
    c = None
    while time.monotonic() < end:
        c = c or Client(b"user0001")
        for text in commands:
            answer = c.ask(text.replace(b"%d", b"%d" % (asked % 7)))
            asked += 1
            good += answer.startswith(b"OK")
            if not answer:
                leaks += c.leaks
                c.close()
                c = None
                break
    return asked, good, leaks + (c.leaks if c else 0)


fill(b"user0001")
fill(b"user0002")
# Readable by all: nothing but our own care keeps it from the client.
os.system("chmod -R a+rX " + MAILS)
time.sleep(2)  # its session is gone
before = picture(OTHER)
pid = os.fork()
if pid == 0:
    swapper()
try:
    asked, good, leaks = work()
    check(good > 20, "%d of %d commands are done all the same" % (good, asked))
    check(leaks == 0, "nothing of another's is shown", leaks)
except OSError as e:
    check(False, "every command is answered in time", e)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
after = picture(OTHER)
check(before == after, "nothing of another's is changed",
      *[p for p in set(before) | set(after) if before.get(p) != after.get(p)])
for name in ("cur", "new", "tmp", ".Box/cur", ".Box/new", ".Box/tmp", "corkboard",
             "corkboard/index", "courierimapkeywords", "courierimapuiddb",
             "courierimapsubscribed", ".Box/courierimapuiddb",
             ".Box/courierimapkeywords", "aside"):
    path = MINE + "/" + name
    if os.path.lexists(path) and (os.path.islink(path) or not (
            os.path.isfile(path) or os.path.isdir(path))):
        os.unlink(path)
os.system("mkdir -p %s/cur %s/new %s/tmp; chown -R 64001:64001 %s"
          % (MINE, MINE, MINE, MINE))
c = Client(b"user0001")
check(c.ask(b"SELECT INBOX").startswith(b"OK"), "and the account works afterwards")
c.close()
