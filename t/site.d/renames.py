"""Readers of a folder whose messages are renamed all the time.

renames.py PORT MAILDIR MESSAGES SECONDS: four programs toggle a letter in the
names of their quarters, one client stores flags in the last one's, readers look:
one that stays, by NOOP and FETCH, and one that comes anew each time. Prints
"ok NAME" and "not ok NAME" lines.
"""

import os
import re
import socket
import sys
import threading
import time

PORT, MAILDIR = int(sys.argv[1]), sys.argv[2]
MESSAGES, SECONDS = int(sys.argv[3]), float(sys.argv[4])
CUR = MAILDIR + "/cur/"
over = threading.Event()
renamed = [0] * 5  # by quarter, from 1 on
looks = {"stays": 0, "comes": 0, "stores": 0}
wrong = []


def ok(good, name, *more):
    print("%sok %s" % ("" if good else "not ", name), flush=True)
    for line in more if not good else ():
        print("# %s" % (line,), flush=True)


class Client:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", PORT), 120)
        self.f = self.s.makefile("rb")
        self.f.readline()
        self.n = 0
        self.ask(b"LOGIN demo demo")

    def ask(self, command):
        """Untagged lines; a refusal is a complaint."""
        self.n += 1
        tag = b"t%d " % self.n
        self.s.sendall(tag + command + b"\r\n")
        lines = []
        while True:
            line = self.f.readline()
            if line.startswith(tag) or not line:
                if not line.startswith(tag + b"OK"):
                    wrong.append((command, line))
                return lines
            lines.append(line)

    def uids(self):
        """UID by sequence number, as FETCH tells them."""
        found = [re.match(rb"\* (\d+) FETCH .*UID (\d+)", line)
                 for line in self.told(b"FETCH 1:* (UID FLAGS)")]
        return [(int(m[1]), int(m[2])) for m in found if m]

    def told(self, command):
        lines = self.ask(command)
        for line in lines:
            if b" EXPUNGE\r" in line or line.startswith(b"* VANISHED"):
                wrong.append(("told as gone", line))
            found = re.match(rb"\* (\d+) EXISTS", line)
            if found and int(found[1]) != MESSAGES:
                wrong.append(("so many", line))
        return lines

    def close(self):
        self.f.close()
        self.s.close()


def rename(quarter):
    """What other programs do; each has messages of its own."""
    names = sorted(n for n in os.listdir(CUR)
                   if int(n.split(".")[1][1:].split("P")[0]) % 5 == quarter)
    while not over.is_set():
        for i, name in enumerate(names):
            new = name[:-1] if name.endswith("F") else name + "F"
            os.rename(CUR + name, CUR + new)
            names[i] = new
            renamed[quarter] += 1
            time.sleep(0.001)
            if over.is_set():
                return


def store():
    """Those that nobody renames but the server: every fifth."""
    c = Client()
    c.told(b"SELECT INBOX")
    sign = b"+"
    while not over.is_set():
        for first in range(5, MESSAGES + 1, 100):
            c.told(b"UID STORE %s %sFLAGS (\\Answered)" % (
                b",".join(b"%d" % uid for uid in
                          range(first, min(first + 100, MESSAGES + 1), 5)), sign))
            looks["stores"] += 1
            time.sleep(0.01)
            if over.is_set():
                break
        sign = b"-" if sign == b"+" else b"+"
    c.close()


def same(uids, who):
    if uids != [(i, i) for i in range(1, MESSAGES + 1)]:
        odd = [u for i, u in enumerate(uids) if u != (i + 1, i + 1)]
        wrong.append((who, len(uids), odd[:3]))


def stays():
    c = Client()
    c.told(b"SELECT INBOX")
    while not over.is_set():
        c.told(b"NOOP")
        same(c.uids(), "one that stays")
        looks["stays"] += 1
    c.close()


def comes():
    while not over.is_set():
        c = Client()
        lines = c.told(b"SELECT INBOX")
        if not any(b"UIDNEXT %d]" % (MESSAGES + 1) in line for line in lines):
            wrong.append(("UIDNEXT", [x for x in lines if b"UIDNEXT" in x]))
        same(c.uids(), "one that comes")
        looks["comes"] += 1
        c.close()


def main():
    first = Client()
    first.ask(b"SELECT INBOX")
    first.ask(b"CLOSE")
    again = first.ask(b"SELECT INBOX")
    if not any(b"UIDNEXT %d]" % (MESSAGES + 1) in line for line in again):
        ok(False, "all are numbered", *again)
        return
    first.close()
    threads = [threading.Thread(target=rename, args=(i,)) for i in (1, 2, 3, 4)]
    threads += [threading.Thread(target=f) for f in (store, stays, comes)]
    for t in threads:
        t.start()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not wrong:
        time.sleep(0.1)
    over.set()
    for t in threads:
        t.join()
    last = Client()
    last.told(b"SELECT INBOX")
    same(last.uids(), "one at the end")
    last.close()
    ok(not wrong, "%d messages, %d renames: none is told as gone, none gets "
       "another UID" % (MESSAGES, sum(renamed)), *wrong[:5])
    ok(min(renamed[1:]) > 0 and min(looks.values()) > 0,
       "all came to do something: %r" % looks, renamed)
    files = os.listdir(CUR)
    ok(len(files) == MESSAGES and
       len({n.split(":")[0] for n in files}) == MESSAGES and
       not os.listdir(MAILDIR + "/new"), "each is there once", len(files))


main()
