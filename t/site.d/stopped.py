"""The clients of stopped.sh. Prints TAP without a plan.

stopped.py PORT MASTER CTL...: CTL is imapctl with its socket.
"""
import os
import signal
import socket
import subprocess
import sys
import time

PORT, MASTER, CTL = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
CROWD = 600  # connections: more than a channel has room for


def ok(good, name, *why):
    print("ok -" if good else "not ok -", name, flush=True)
    for line in why if not good else ():
        print("#", str(line)[:300], flush=True)


class Client:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", PORT), 30)
        self.f = self.s.makefile("rb")

    def line(self):
        try:
            return self.f.readline()
        except OSError:
            return b"(nothing)"

    def ask(self, text):
        self.s.sendall(b"a " + text + b"\r\n")
        return self.answer()

    def answer(self):
        while True:
            line = self.line()
            if line.startswith(b"a ") or not line or line == b"(nothing)":
                return line

    def close(self):
        self.f.close()
        self.s.close()


def child(role):
    for entry in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % entry) as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
            with open("/proc/%s/cmdline" % entry, "rb") as f:
                title = f.read().replace(b"\0", b" ").decode().split(": ", 1)[-1]
        except (OSError, ValueError):
            continue
        if parent == MASTER and title.split(" ")[0] == role:
            return int(entry)
    return 0


def a_worker():
    one = Client()
    one.line()
    good = one.ask(b"LOGIN demo demo").startswith(b"a OK")
    worker = child("worker")
    os.kill(worker, signal.SIGSTOP)
    crowd = [Client() for _ in range(CROWD)]
    for _ in range(3):
        subprocess.run(CTL + ["kick", "nobody"], check=False)
    time.sleep(0.5)
    os.kill(worker, signal.SIGCONT)
    greetings = [c.line() for c in crowd]
    ok(good and one.ask(b"NOOP").startswith(b"a OK"), "its client is served on")
    served = sum(g.startswith(b"* OK") for g in greetings)
    bye = sum(g.startswith(b"* BYE") for g in greetings)
    ok(served > 0 and bye > 0 and served + bye == CROWD,
       "of %d that came meanwhile some are served, the others told" % CROWD,
       served, bye, [g for g in greetings if not g.startswith(b"* ")][:3])
    ok(child("worker") == worker, "it is still the same one")
    for c in crowd + [one]:
        c.close()


def servant(role):
    pid = child(role)
    os.kill(pid, signal.SIGSTOP)
    some = [Client() for _ in range(20)]
    for c in some:
        c.line()
        c.s.sendall(b"a LOGIN demo demo\r\n")
    time.sleep(3)
    os.kill(pid, signal.SIGCONT)
    said = [c.answer() for c in some]
    ok(all(line.startswith(b"a OK") for line in said) and child(role) == pid,
       "%s: who logs in meanwhile has to wait, and is let in" % role, said)
    for c in some:
        c.close()


a_worker()
for name in ("spawner", "auth"):
    servant(name)
