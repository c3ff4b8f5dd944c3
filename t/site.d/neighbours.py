"""Other programs at work on a Maildir that our server has open; prints TAP.

neighbours.py SITE LIBRARIES: SITE holds the programs ours, courierpop3d, maildrop,
procmail and rsync (a missing one is skipped) and their libraries in SITE/lib.
One session of ours stays in IDLE on the INBOX all the time; each program does
its work beside it, and what it did is told to that session and to a new one.
"""
import os
import re
import subprocess
import sys
import threading
import time

import courier_both as both
from courier_both import (AS, MAILDIR, SITE, Session, append, deliver, dump,
                          message, ok, own, same)

both.ENV["IMAP_ENHANCEDIDLE"] = "1"
ENV = {"LD_LIBRARY_PATH": SITE + "/lib", "HOME": SITE, "LOGNAME": "cork",
       "AUTHENTICATED": "cork", "PATH": "/usr/bin:/bin", "TZ": "UTC"}


def skipped(program):
    if os.access("%s/%s" % (SITE, program), os.X_OK):
        return False
    both.tests += 1
    print("ok %d - beside %s # SKIP no %s (etc/setup neighbours DIR)"
          % (both.tests, program, program), flush=True)
    return True


def run(argv, text=b"", status=0):
    done = subprocess.run(argv, input=text, env=ENV, cwd=SITE, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **AS)
    if done.returncode != status:
        print("# %s: %d: %s" % (argv, done.returncode,
                                done.stdout.decode(errors="replace")[:500]))
    return done.returncode == status, done.stdout


def write(name, text):
    with open("%s/%s" % (SITE, name), "w") as f:
        f.write(text)
    os.chmod("%s/%s" % (SITE, name), 0o600)
    own("%s/%s" % (SITE, name))


def make():
    for sub in ("cur", "new", "tmp"):
        os.makedirs("%s/%s" % (MAILDIR, sub))
        own("%s/%s" % (MAILDIR, sub))
    own(MAILDIR)
    s = Session("ours")
    for i in range(4):
        append(s, "INBOX", "old%d" % i, "\\Flagged work" if i == 1 else "")
    s.must("CREATE INBOX.Sub")
    s.close()


class Watcher:
    """A session in IDLE: what is told to it, until enough has come."""

    def __init__(self):
        self.s = Session("ours")
        self.s.must("SELECT INBOX")
        self.s.send(b"i IDLE\r\n")
        assert self.s.line().startswith(b"+")
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while True:
            try:
                line = self.s.line()
            except (EOFError, ValueError):
                return
            self.lines.append(line)
            if line.startswith(b"i "):
                return

    def hears(self, pattern, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(re.match(pattern, line) for line in self.lines):
                self.lines.clear()
                return True
            time.sleep(0.01)
        print("#", self.lines)
        return False

    def end(self):
        self.s.send(b"DONE\r\n")
        self.thread.join(10)
        return self.s.close()


def mail(ident):
    return message(ident).replace(b"\r\n", b"\n")


def pop3(w):
    if skipped("courierpop3d"):
        return
    before = dump("ours")["folders"][b"INBOX"]
    deliver("", "popped")
    good, said = run([SITE + "/courierpop3d", "Maildir"],
                     b"STAT\r\nUIDL\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n")
    taken = re.findall(rb"^X-Id: (\S+)\r$", said, re.M)
    ok(good and len(taken) == 1 and b"+OK 5 " in said,
       "courier-pop3d lists, reads and deletes", said)
    ok(w.hears(rb"\* \d+ EXPUNGE$"), "a session in IDLE hears of what it took")
    after = dump("ours")["folders"][b"INBOX"]
    gone = set(before["messages"]) - set(after["messages"])
    ok(all(before["messages"][u][3].encode() in taken for u in gone)
       and all(m == before["messages"].get(u, m)
               for u, m in after["messages"].items())
       and len(after["messages"]) == 4
       and after["validity"] == before["validity"],
       "no other UID, flag or keyword is changed", gone, taken)
    good, said = run([SITE + "/courierpop3d", "Maildir"], b"UIDL\r\nQUIT\r\n")
    first = re.findall(rb"^\d+ (\S+)\r$", said, re.M)
    s = Session("ours")
    s.must("SELECT INBOX")
    s.must("UID STORE 2:* +FLAGS (\\Seen later)")
    s.close()
    good, said = run([SITE + "/courierpop3d", "Maildir"], b"UIDL\r\nQUIT\r\n")
    ok(good and re.findall(rb"^\d+ (\S+)\r$", said, re.M) == first
       and len(first) == 4, "its clients keep their UIDLs", first, said)


def maildrop(w):
    if skipped("maildrop"):
        return
    write("filter", 'if (/^X-Id: sub/)\n{\n\tto "%s/.Sub"\n}\nto "%s"\n'
          % (MAILDIR, MAILDIR))
    good, _ = run([SITE + "/maildrop", "./filter"], mail("dropped"))
    ok(good and w.hears(rb"\* \d+ FETCH \(FLAGS"), "maildrop delivers, IDLE hears")
    good, _ = run([SITE + "/maildrop", "./filter"], mail("sub1"))
    _, shown = Session("ours").must("STATUS INBOX.Sub (MESSAGES)")
    ok(good and b"MESSAGES 1)" in shown[0], "... and into a folder", shown)
    # The quota's file is one for both.
    s = Session("ours")
    s.must("SELECT INBOX")
    _, lines = s.must("UID SEARCH ALL")
    count = len(lines[0].split()) - 1 + 1  # and the one of Sub
    write("Maildir/maildirsize", "%dS,%dC\n" % (10 ** 6, count + 2))
    append(s, "INBOX", "ours")
    good, _ = run([SITE + "/maildrop", "./filter"], mail("last"))
    full, _ = run([SITE + "/maildrop", "./filter"], mail("over"), 75)
    answer, _ = s.command("APPEND INBOX", message("over"))
    ok(good and full and answer.startswith("NO [OVERQUOTA]"),
       "both count in one maildirsize, and stop where it ends", answer, full)
    s.close()
    os.unlink(MAILDIR + "/maildirsize")
    try:
        os.unlink(MAILDIR + "/quotawarn")
    except FileNotFoundError:
        pass


def procmail(w):
    if skipped("procmail"):
        return
    w.lines.clear()
    write("procmailrc", "DEFAULT=%s/\nMAILDIR=%s\n:0\n* ^X-Id: sub\n%s/.Sub/\n"
          % (MAILDIR, SITE, MAILDIR))
    good, _ = run([SITE + "/procmail", SITE + "/procmailrc"], mail("processed"))
    ok(good and w.hears(rb"\* \d+ FETCH \(FLAGS"), "procmail delivers, IDLE hears")
    good, _ = run([SITE + "/procmail", SITE + "/procmailrc"], mail("sub2"))
    now = dump("ours")["folders"]
    there = {m[3] for m in now[b"INBOX"]["messages"].values()}
    sub = {m[3] for m in now[b"INBOX.Sub"]["messages"].values()}
    ok(good and "processed" in there and "sub2" in sub,
       "... and into a folder", there, sub)


WEBMAIL = ["sqwebmail-config", "sqwebmail-ip", "sqwebmail-timestamp",
           "sqwebmail-sendfile", "sqwebmail-curcache",
           "sqwebmail-pref-abc", ".Sub/sqwebmail-curcache",
           "courierpop3dsizelist", "autoresponses/x", "filterrc.tmp"]


def webmail():
    """sqwebmail wants a web server: its files, and its way to file a draft."""
    os.makedirs(MAILDIR + "/autoresponses", exist_ok=True)
    for name in WEBMAIL:
        write("Maildir/" + name, "of " + name)
    draft = deliver("", "webdraft", "cur", ":2,D", size=True)
    s = Session("ours")
    for command in ("SELECT INBOX", "CREATE INBOX.New", "RENAME INBOX.New "
                    "INBOX.Newer", "DELETE INBOX.Newer", "EXPUNGE"):
        s.must(command)
    s.close()
    # It rewrites a draft under a new name and removes the old one.
    deliver("", "webdraft2", "cur", ":2,DS", size=True)
    os.unlink("%s/cur/%s:2,D" % (MAILDIR, draft))
    now = dump("ours")["folders"]
    flags = {m[3]: m[0] for m in now[b"INBOX"]["messages"].values()}
    ok(flags.get("webdraft2") == {b"\\Draft", b"\\Seen"}
       and "webdraft" not in flags, "a draft that sqwebmail rewrote", flags)
    wrong = [n for n in WEBMAIL
             if open("%s/%s" % (MAILDIR, n)).read() != "of " + n]
    ok(not wrong, "sqwebmail's own files stay as they are", wrong)


def backup():
    if skipped("rsync"):
        return
    stop = threading.Event()
    errors = []
    told = {m[3]: uid for uid, m in dump("ours")["folders"][b"INBOX"]
            ["messages"].items()}

    def work():
        try:
            s = Session("ours")
            s.must("SELECT INBOX")
            while not stop.is_set():
                ident = "busy%d" % len(told)
                uid = told[ident] = append(s, "INBOX", ident, "busy")
                s.must("UID STORE %d +FLAGS (\\Seen \\Answered)" % uid)
                s.must("UID STORE 2:* +FLAGS (\\Flagged)")
                s.must("UID STORE 2:* -FLAGS (\\Flagged)")
            s.close()
        except Exception as e:  # told below
            errors.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    quiet = "INBOX.Sub"
    want = dump("ours")["folders"][quiet.encode()]
    good = True
    for i, extra in enumerate((["--exclude=/corkboard"], [],
                               ["--exclude=/corkboard"], [])):
        copy = "%s/backup%d" % (SITE, i)
        done = subprocess.run(
            [SITE + "/rsync", "-a"] + extra + [MAILDIR + "/", copy], env=ENV,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # 24: files vanished before they were read; that is no error here
        good = good and done.returncode in (0, 24)
    stop.set()
    thread.join()
    ok(good and not errors, "rsync at any moment", errors)
    for i in range(4):
        copy = "%s/backup%d" % (SITE, i)
        with open(copy + "/courierimapuiddb") as f:
            beyond = int(f.readline().split()[2])
        shown = dump("ours", copy)["folders"]
        # What came after its list was copied is new mail to the copy.
        wrong = [(m[3], uid) for uid, m in shown[b"INBOX"]["messages"].items()
                 if told.get(m[3]) != uid and uid < beyond]
        ok(shown[quiet.encode()] == want and not wrong,
           "a copy %s corkboard opens, with the UIDs that it had"
           % ("with" if i % 2 else "without"), wrong)
    # Quiet, the copy is the same; with corkboard in it, too.
    now = dump("ours")
    for i, extra in enumerate((["--exclude=/corkboard"], [])):
        copy = "%s/still%d" % (SITE, i)
        subprocess.run([SITE + "/rsync", "-a"] + extra + [MAILDIR + "/", copy],
                       env=ENV, check=True)
        same(now, dump("ours", copy), "a copy of a quiet account is the same")


def main():
    make()
    w = Watcher()
    pop3(w)
    maildrop(w)
    procmail(w)
    webmail()
    ok(w.end() == 0, "the session in IDLE ends as it should")
    backup()
    print("1..%d" % both.tests)
    return 1 if both.failed else 0


if __name__ == "__main__":
    if AS:
        os.chown(SITE, both.NOBODY, both.NOBODY)
    sys.exit(main())
