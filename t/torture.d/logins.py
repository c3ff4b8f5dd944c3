"""The clients of logins.sh: prints "ok NAME" or "not ok NAME" lines.

logins.py PORT MASTER LOGINS
"""
import os
import random
import signal
import socket
import sys
import threading
import time

PORT, MASTER, LOGINS = (int(a) for a in sys.argv[1:4])
THREADS = 4
over = threading.Event()
counts = {"ok": 0, "lost": 0}
lock = threading.Lock()


def check(good, name):
    print(("ok " if good else "not ok ") + name, flush=True)


def processes():
    """Of the master's tree: pid -> (state, role)."""
    found, parents = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry) as f:
                state, parent = f.read().rsplit(")", 1)[1].split()[:2]
            with open("/proc/%s/cmdline" % entry, "rb") as f:
                title = f.read().replace(b"\0", b" ").decode()
        except OSError:
            continue
        parents[int(entry)] = (int(parent), state, title)
    known = {MASTER}
    while True:
        more = {p for p in parents if parents[p][0] in known and p not in known}
        if not more:
            return found
        known |= more
        for p in more:
            words = parents[p][2].split(": ", 1)[-1].split()
            found[p] = (parents[p][1], words[0] if words else "")


def login(i):
    s = socket.create_connection(("127.0.0.1", PORT), 60)
    f = s.makefile("rb")
    f.readline()
    s.sendall(b"a LOGIN user%04d demo\r\nb NOOP\r\n" % (i % 20 + 1))
    good = False
    for line in f:
        if line.startswith(b"b OK"):
            good = True
            break
    if i % 3:
        s.sendall(b"c LOGOUT\r\n")
        f.read()
    f.close()
    s.close()
    return good


def client(first):
    for i in range(first, LOGINS, THREADS):
        try:
            good = login(i)
        except OSError:
            good = False
        with lock:
            counts["ok" if good else "lost"] += 1


def killer(kills):
    while not over.wait(0.3):
        victims = [p for p, (_, role) in processes().items()
                   if role in ("session", "spare")]
        if victims:
            try:
                os.kill(random.choice(victims), signal.SIGKILL)
                kills.append(1)
            except OSError:
                pass


def zombies():
    return {p for p, (state, _) in processes().items() if state == "Z"}


def settled(before):
    """No session is left; the others are as before, spares not more of them: one
    that was killed is missed when its turn comes."""
    for _ in range(300):
        now = sorted(role for _, role in processes().values())
        if [r for r in now if r != "spare"] == \
                [r for r in before if r != "spare"] and \
                0 < now.count("spare") <= before.count("spare"):
            return True, now
        time.sleep(0.1)
    return False, now


kills, old = [], 0
before = sorted(role for _, role in processes().values())
threads = [threading.Thread(target=client, args=(i,)) for i in range(THREADS)]
threads.append(threading.Thread(target=killer, args=(kills,), daemon=True))
for t in threads:
    t.start()
last = set()
while any(t.is_alive() for t in threads[:-1]):
    time.sleep(1.5)
    now = zombies()
    old += len(now & last)
    last = now
over.set()
# Each kill costs one client at most, and those that it meets in the act.
check(counts["ok"] + counts["lost"] == LOGINS and
      counts["lost"] <= len(kills) + 5,
      "%(ok)d logins" % counts + ", %d lost by %d kills" % (counts["lost"], len(kills)))
check(old == 0, "no zombie is older than a second")
same, now = settled(before)
check(same, "afterwards the processes are those of before")
if not same:
    print("#", before, now)
