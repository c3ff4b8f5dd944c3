"""Readers of a folder whose messages are renamed all the time.

renames.py PORT MAILDIR MESSAGES SECONDS SITE: four programs toggle a flag in the
names of their fifths: Courier's and Dovecot's imapd (SITE/courier and SITE/dovecot;
what is not there is a plain renamer) and two that rename plainly. A client of ours
stores flags in the last fifth, readers look: one that stays, by NOOP and FETCH, and
one that comes anew each time. Prints "ok NAME" and "not ok NAME" lines.
"""

import os
import re
import socket
import subprocess
import sys
import threading
import time

PORT, MAILDIR = int(sys.argv[1]), sys.argv[2]
MESSAGES, SECONDS, SITE = int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
CUR = MAILDIR + "/cur/"
OTHERS = {
    "courier": (["courier", MAILDIR], {
        "AUTHENTICATED": "cork", "IMAP_CAPABILITY": "IMAP4rev1",
        "IMAP_KEYWORDS": "1", "IMAP_USELOCKS": "1",
        "IMAP_ENHANCEDIDLE": "0"}),
    "dovecot": (["dovecot"], {
        "DOVECONF_ENV": "1", "USER": "cork", "BASE_DIR": SITE,
        "MAIL_LOCATION": "maildir:" + MAILDIR, "LOG_PATH": "/dev/stderr"}),
}
over = threading.Event()
renamed = [0] * 5  # by fifth, from 1 on
looks = {"stays": 0, "comes": 0, "stores": 0}
wrong = []


def ok(good, name, *more):
    print("%sok %s" % ("" if good else "not ", name), flush=True)
    for line in more if not good else ():
        print("# %s" % (line,), flush=True)


class Client:
    def __init__(self):
        self.start(socket.create_connection(("127.0.0.1", PORT), 120))
        self.ask(b"LOGIN demo demo")

    def start(self, s):
        self.s = s
        self.f = self.s.makefile("rb")
        self.greeting = self.f.readline()
        self.n = 0

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


class Other(Client):
    """Another server's session, run by the owner of the mail."""

    def __init__(self, name):
        argv, env = OTHERS[name]
        owner = os.stat(MAILDIR)
        ours, its = socket.socketpair()
        self.process = subprocess.Popen(
            [SITE + "/" + argv[0]] + argv[1:], cwd=SITE, stdin=its, stdout=its,
            stderr=open("%s/%s.said" % (SITE, name), "wb"),
            env=dict(env, HOME=SITE, TZ="UTC",
                     LD_LIBRARY_PATH="%s/%s.lib" % (SITE, name)),
            **({"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
               if os.getuid() == 0 else {}))
        its.close()
        ours.settimeout(120)
        self.start(ours)
        self.ask(b"SELECT INBOX")

    def mine(self, fifth):
        """UIDs, which need not be ours, by what the message says."""
        lines = self.ask(b"UID FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
        uids = [int(m[1]) for m in (re.search(rb"UID (\d+)", x) for x in lines)
                if m]
        numbers = [int(x[9:]) for x in lines if x.startswith(b"Subject: ")]
        if sorted(numbers) != list(range(1, MESSAGES + 1)) or \
                len(uids) != MESSAGES:
            wrong.append(("another server sees", len(uids), len(numbers)))
        return [u for u, i in zip(uids, numbers) if i % 5 == fifth]

    def toggle(self, fifth, uids):
        sign = b"+"
        while not over.is_set():
            for i in range(0, len(uids), 20):
                lines = self.ask(b"UID STORE %s %sFLAGS (\\Flagged)" % (
                    b",".join(b"%d" % u for u in uids[i:i + 20]), sign))
                renamed[fifth] += sum(b" FETCH " in x for x in lines)
                if over.is_set():
                    break
            sign = b"-" if sign == b"+" else b"+"
        self.close()
        self.process.wait()


def rename(fifth):
    """What other programs do; each has messages of its own."""
    names = sorted(n for n in os.listdir(CUR)
                   if int(n.split(".")[1][1:].split("P")[0]) % 5 == fifth)
    while not over.is_set():
        for i, name in enumerate(names):
            new = name[:-1] if name.endswith("F") else name + "F"
            os.rename(CUR + name, CUR + new)
            names[i] = new
            renamed[fifth] += 1
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
    threads = [threading.Thread(target=rename, args=(i,)) for i in (3, 4)]
    for fifth, name in ((1, "courier"), (2, "dovecot")):
        if not os.path.exists(SITE + "/" + name):
            print("ok %s among the renamers # SKIP no %s (etc/setup)" %
                  (name, name), flush=True)
            threads.append(threading.Thread(target=rename, args=(fifth,)))
            continue
        other = Other(name)
        ok(other.greeting.startswith(b"* "), name + " among the renamers",
           other.greeting)
        threads.append(threading.Thread(
            target=other.toggle, args=(fifth, other.mine(fifth))))
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
       "all came to do something: %r, renames %r" % (looks, renamed[1:]))
    files = os.listdir(CUR)
    ok(len(files) == MESSAGES and
       len({n.split(":")[0] for n in files}) == MESSAGES and
       not os.listdir(MAILDIR + "/new"), "each is there once", len(files))


main()
