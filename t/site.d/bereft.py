"""A worker's death, seen by its clients and by the others.

bereft.py PORT MAILS MASTER: accounts user0001 to user0020, each with a client that
idles, one that fetches and one that appends. Prints "ok NAME" and "not ok NAME"
lines.
"""

import glob
import os
import signal
import socket
import subprocess
import sys
import threading
import time

PORT, MAILS, MASTER = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ACCOUNTS = 20
over = threading.Event()


def ok(good, name, *more):
    print("%sok %s" % ("" if good else "not ", name), flush=True)
    for line in more if not good else ():
        print("# %s" % (line,), flush=True)


def text_of(name):
    return ("Subject: %s\r\n\r\n" % name + name * 500 + "\r\n").encode()


class Client(threading.Thread):
    """Works until it is told to stop, or lost."""

    def __init__(self, kind, number):
        super().__init__()
        self.kind, self.user = kind, "user%04d" % number
        self.s = socket.create_connection(("127.0.0.1", PORT), 60)
        self.f = self.s.makefile("rb")
        self.f.readline()
        self.n, self.lost = 0, False
        self.done, self.begun = [], []
        for command in ("LOGIN %s demo" % self.user, "SELECT INBOX"):
            if not self.ask(command.encode()).startswith(b"OK"):
                raise OSError(command)

    def ask(self, command):
        self.n += 1
        tag = b"t%d " % self.n
        self.s.sendall(tag + command + b"\r\n")
        return self.answer(tag)

    def answer(self, tag):
        while True:
            line = self.f.readline()
            if not line:
                raise ConnectionError
            if line.startswith(tag):
                return line[len(tag):]

    def append(self):
        name = "%s-%d-" % (self.user, len(self.begun))
        self.begun.append(name)
        if self.ask(b"APPEND INBOX {%d+}\r\n" % len(text_of(name)) +
                    text_of(name)).startswith(b"OK"):
            self.done.append(name)

    def idle(self):
        self.s.sendall(b"i IDLE\r\n")
        while not over.is_set():
            self.s.settimeout(0.2)
            try:
                if self.s.recv(4096) == b"":
                    raise ConnectionError
            except TimeoutError:
                pass
        self.s.settimeout(60)
        self.s.sendall(b"DONE\r\n")
        data = b""
        while b"i OK" not in data:
            more = self.s.recv(4096)
            if more == b"":
                raise ConnectionError
            data += more

    def run(self):
        try:
            if self.kind == "idle":
                self.idle()
            while not over.is_set():
                if self.kind == "append":
                    self.append()
                else:
                    self.ask(b"FETCH 1:* (FLAGS BODY.PEEK[])")
                time.sleep(0.01)
        except (ConnectionError, TimeoutError):
            self.lost = True


def pids(role):
    found = []
    for line in subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,args="], text=True,
                               stdout=subprocess.PIPE).stdout.splitlines():
        pid, parent, stat, args = line.split(None, 3)
        found.append((int(pid), int(parent), stat, args))
    ours = {MASTER}
    for _ in range(3):
        ours |= {pid for pid, parent, _, _ in found if parent in ours}
    return {pid for pid, _, stat, args in found if pid in ours and
            stat[0] not in "ZX" and args.split(": ", 1)[-1].split()[0] == role}


def soon(what, seconds):
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        if what():
            return time.monotonic() - begun
        time.sleep(0.02)
    return None


def messages(user):
    """The texts of an account, whole or not."""
    found = []
    for path in glob.glob("%s/%s/Maildir/cur/*" % (MAILS, user)) + \
            glob.glob("%s/%s/Maildir/new/*" % (MAILS, user)):
        with open(path, "rb") as f:
            found.append(f.read().replace(b"\r\n", b"\n"))
    return found


def main():
    clients = [Client(kind, 1 + i) for i in range(ACCOUNTS)
               for kind in ("idle", "fetch", "append")]
    for c in clients:
        c.start()
    time.sleep(1)
    before, sessions = pids("worker"), pids("session")
    ok(len(sessions) == len(clients), "%d clients have a session each" %
       len(clients), len(sessions))
    os.kill(min(before), signal.SIGKILL)
    restart = soon(lambda: len(pids("worker") - before) == 1, 10)
    time.sleep(0.5)
    over.set()
    for c in clients:
        c.join()
    lost = [c for c in clients if c.lost]
    ended = soon(lambda: len(pids("session")) == len(clients) - len(lost), 5)
    ok(restart is not None and restart < 5, "another worker is there", restart)
    ok(len(clients) / 4 <= len(lost) <= len(clients) * 3 / 4 and
       {c.kind for c in lost} == {"idle", "fetch", "append"},
       "a worker's clients are lost, about half of all", len(lost))
    ok(ended is not None, "their sessions end, and no other", ended,
       len(pids("session")))
    bad = []
    for c in clients:
        if not c.lost and not c.ask(b"NOOP").startswith(b"OK"):
            bad.append((c.kind, c.user))
    ok(not bad, "the others are served on", *bad)
    bad = []
    for c in clients:
        if c.kind != "append":
            continue
        there = [m for m in messages(c.user) if b"Subject: %s-" % c.user.encode() in m]
        whole = [text_of(name).replace(b"\r\n", b"\n") for name in c.begun]
        for name in c.done:
            if there.count(text_of(name).replace(b"\r\n", b"\n")) != 1:
                bad.append("%s is there %d times" % (name, there.count(
                    text_of(name).replace(b"\r\n", b"\n"))))
        bad += ["half a message of %s" % c.user for m in there if m not in whole]
    total = sum(len(c.done) for c in clients)
    ok(not bad and total > ACCOUNTS,
       "%d messages that were acknowledged are there, none in halves" % total, *bad)
    again = Client("fetch", 1)
    ok(again.ask(b"NOOP").startswith(b"OK"), "newcomers are served")


main()
