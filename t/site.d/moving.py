"""Accounts move from Courier and Dovecot to us and to Courier; prints TAP.

moving.py SITE LIBRARIES: SITE holds the programs ours, imapctl, courier and
dovecot (the last one may be missing), and is where all is made.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import courier_both as both
from courier_both import (AS, NOBODY, SITE, Session, append, deliver,
                          differences, dump, message, ok, same)

SERVE = SITE + "/serve"  # what clients start: the server of the day
MBSYNC = """
IMAPAccount a
Tunnel "%(serve)s"

IMAPStore far
Account a
PathDelimiter .
Path INBOX.

MaildirStore near
Path %(dir)s/mb/
Inbox %(dir)s/mb/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX *
Create Near
Expunge Both
SyncState *
"""
OFFLINEIMAP = """
[general]
accounts = a
metadata = %(dir)s/oi.meta
ui = basic
[Account a]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = %(dir)s/oi
[Repository far]
type = IMAP
remotehost = tunnel
preauthtunnel = %(serve)s
"""
courier_command = both.command_of


def command_of(server, maildir):
    if server != "dovecot":
        return courier_command(server, maildir)
    return [SITE + "/dovecot"], {
        "DOVECONF_ENV": "1", "USER": "cork", "HOME": SITE, "TZ": "UTC",
        "LD_LIBRARY_PATH": SITE + "/dovecot.lib", "BASE_DIR": SITE,
        "MAIL_LOCATION": "maildir:" + maildir, "LOG_PATH": "/dev/stderr",
        "NAMESPACE": "inbox", "NAMESPACE/INBOX/NAME": "inbox",
        "NAMESPACE/INBOX/PREFIX": "INBOX.", "NAMESPACE/INBOX/SEPARATOR": ".",
        "NAMESPACE/INBOX/INBOX": "yes"}


both.command_of = command_of


def run(argv, seconds=60):
    """As the owner of the mail. Exit status, what it said."""
    done = subprocess.run(
        argv, cwd=SITE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=seconds, env=dict(
            os.environ, HOME=SITE), **AS)
    return done.returncode, done.stdout.decode(errors="replace")


# --- clients ------------------------------------------------------------------

class Clients:
    """mbsync and offlineimap with what they keep of one account."""

    def __init__(self, name):
        self.dir = "%s/%s.clients" % (SITE, name)
        os.makedirs(self.dir + "/mb")
        for path in (self.dir, self.dir + "/mb"):
            both.own(path)
        for name, text in (("mbsyncrc", MBSYNC), ("oirc", OFFLINEIMAP)):
            with open("%s/%s" % (self.dir, name), "w") as f:
                f.write(text % {"dir": self.dir, "serve": SERVE})

    def use(self, server):
        """From now on they are served by that one."""
        argv, env = command_of(server, both.MAILDIR)
        with open(SERVE, "w") as f:
            f.write("#!/bin/sh\nexec env -i %s %s\n" % (
                " ".join("'%s=%s'" % item for item in env.items()),
                " ".join("'%s'" % word for word in argv)))
        os.chmod(SERVE, 0o755)

    def sync(self):
        """All that both say."""
        said = ""
        for argv in (["mbsync", "-V", "-c", self.dir + "/mbsyncrc", "all"],
                     ["offlineimap", "-1", "-c", self.dir + "/oirc", "-o"]):
            status, text = run(argv)
            said += text
            if status != 0:
                said += "\nexit status %d\n" % status
        return said

    def files(self):
        """Every message they hold: path with its flags -> inode number."""
        found = {}
        for store in ("/mb", "/oi"):
            for path, _, names in os.walk(self.dir + store):
                if os.path.basename(path) in ("cur", "new"):
                    for name in names:
                        full = os.path.join(path, name)
                        found[full] = os.stat(full).st_ino
        return found

    def quiet(self, name):
        """A synchronisation must fetch, delete and change nothing."""
        before = self.files()
        said = self.sync()
        after = self.files()
        ok("exit status" not in said and before == after and before, name,
           sorted(before.items() ^ after.items())[:10], said[-2500:])

    def settle(self, server, name):
        self.use(server)
        said = self.sync() + self.sync()
        n = sum(len(f["messages"]) for f in dump(server)["folders"].values())
        files = self.files()
        counts = [sum(path.startswith(self.dir + store) for path in files)
                  for store in ("/mb/", "/oi/")]
        ok("exit status" not in said and counts == [n, n], name, n, counts,
           said[-2500:])


# --- steps --------------------------------------------------------------------

def changes():
    """A user's week with us; the second session is killed."""
    s = Session("ours")
    append(s, "INBOX", "week1", "\\Seen \\Flagged $Label1 fresh")
    s.must("SELECT INBOX")
    s.must("UID STORE 2 +FLAGS (\\Answered Weekly)")
    s.must("UID STORE 3 -FLAGS (\\Seen $Label1)")
    s.must("UID STORE 6 +FLAGS (\\Deleted)")
    s.must("UID EXPUNGE 6")
    s.must("UID COPY 2 INBOX.Sent")
    s.must("UID MOVE 4 INBOX.Sent")
    s.must("CREATE INBOX.Week")
    append(s, "INBOX.Week", "week2", "Foo")
    s.must("SUBSCRIBE INBOX.Week")
    s.close()
    s = Session("ours")
    s.must("SELECT INBOX")
    for i in range(40):
        append(s, "INBOX", "killed%d" % i, "Killed")
    body = message("half")
    s.send(b"x APPEND INBOX {%d}\r\n" % len(body))
    s.line()
    s.send(body[:20])
    s.process.send_signal(signal.SIGKILL)
    s.process.wait()
    s.process.stdin.close()
    s.process.stdout.close()
    s.log.close()
    deliver("", "unseen1")


def kept(before, after, gone):
    """What was there and was not expunged has its UID and its text."""
    wrong = []
    for name, f in before["folders"].items():
        g = after["folders"].get(name)
        if g is None or g["validity"] != f["validity"]:
            wrong.append("%r is gone or has another UIDVALIDITY" % name)
            continue
        for uid, m in f["messages"].items():
            if m[3] not in gone and (uid not in g["messages"] or
                                     g["messages"][uid][3:] != m[3:]):
                wrong.append("%r UID %d" % (name, uid))
    return wrong


def week_and_back(clients, before):
    """With us for a week, then to Courier."""
    changes()
    at_ours = dump("ours")
    inbox = before["folders"][b"INBOX"]["messages"]
    gone = {inbox[uid][3] for uid in (4, 6) if uid in inbox}
    wrong = kept(before, at_ours, gone)
    ok(not wrong, "a week, and a kill -9: nothing is renumbered or lost",
       *wrong)
    texts = [m[3] for m in at_ours["folders"][b"INBOX"]["messages"].values()]
    ok({"killed%d" % i for i in range(40)} <= set(texts) and
       "half" not in texts, "what was acknowledged before the kill is there")
    said = clients.sync() + clients.sync()
    ok("exit status" not in said, "clients take the week over", said[-2000:])
    at_ours = dump("ours")
    clients.quiet("then they have all")
    same(at_ours, dump("courier"), "back to Courier: it serves the same")
    clients.use("courier")
    clients.quiet("and clients notice nothing")
    subprocess.run(["rm", "-r", both.MAILDIR + "/corkboard"], check=True)
    same(at_ours, dump("courier"), "nor without our folder corkboard")
    clients.use("ours")
    clients.quiet("and back to us once more")
    same(at_ours, dump("ours"), "with all as it was")


def from_courier():
    both.build_by_courier()
    clients = Clients("courier")
    clients.settle("courier", "clients of Courier have the account")
    before = dump("courier")
    clients.quiet("they have all of it")
    clients.use("ours")
    clients.quiet("the day of the switch: clients notice nothing")
    same(before, dump("ours"), "we serve what Courier served")
    both_serve(clients)
    week_and_back(clients, dump("ours"))


def both_serve(clients):
    """Courier and we at once; the clients go from one to the other."""
    a, b = Session("courier"), Session("ours")
    a.must("SELECT INBOX")
    b.must("SELECT INBOX")
    said, lost = "", []
    for turn, server in enumerate(["ours", "courier", "ours", "courier"]):
        append(a, "INBOX", "courier%d" % turn, "\\Seen $Label1")
        append(b, "INBOX", "ours%d" % turn, "\\Flagged Work")
        deliver("", "turn%d" % turn)
        a.must("NOOP")
        a.must("STORE %d +FLAGS (\\Answered)" % (turn + 1))
        b.must("NOOP")
        b.must("STORE %d +FLAGS (Both)" % (turn + 1))
        clients.use(server)
        before = set(clients.files().values())
        said += clients.sync()
        lost += before - set(clients.files().values())
    a.close()
    b.close()
    ok("exit status" not in said and not lost, "while both serve: clients of "
       "the one and then the other fetch nothing twice", lost, said[-2500:])
    clients.sync()
    n = sum(len(f["messages"]) for f in dump("ours")["folders"].values())
    files = clients.files()
    counts = [sum(path.startswith(clients.dir + store) for path in files)
              for store in ("/mb/", "/oi/")]
    ok(counts == [n, n], "and have all of it once", n, counts)
    same(dump("courier"), dump("ours"), "both serve the same")
    for server in ("ours", "courier"):
        clients.use(server)
        clients.quiet("then clients of %s notice nothing" % server)
    clients.use("ours")


DOVECOTS = ["INBOX.Sent", "INBOX.Entw&APw-rfe", "INBOX.Entw&APw-rfe.&AOQ-",
            "INBOX.&U,BTFw-.deep.er", "INBOX.R&-D", "INBOX.with blank"]


def build_by_dovecot():
    s = Session("dovecot")
    for name in DOVECOTS:
        s.must('CREATE "%s"' % name)
    for name in ("INBOX", "INBOX.Sent", "INBOX.Entw&APw-rfe.&AOQ-",
                 "INBOX.R&-D"):
        s.must('SUBSCRIBE "%s"' % name)
    for bits in range(32):
        flags = " ".join(f for i, f in enumerate(both.SYSTEM) if bits >> i & 1)
        append(s, "INBOX", "flags%d" % bits, flags,
               "%2d-Nov-2026 08:%02d:00 +0000" % (bits % 28 + 1, bits))
    for i in range(20):
        append(s, "INBOX.Sent", "sent%d" % i, "\\Seen $Label%d Foo" % (i % 6))
    append(s, "INBOX.Entw&APw-rfe.&AOQ-", "draft", "\\Draft only-here")
    append(s, "INBOX.R&-D", "rd", "b-first $Label1")
    append(s, "INBOX.&U,BTFw-.deep.er", "deep")
    s.must("SELECT INBOX")
    s.must("UID STORE 1:4 +FLAGS ($Label1 Work)")
    s.must("UID STORE 3 -FLAGS (Work)")
    s.must("UID STORE 14,32 +FLAGS (\\Deleted)")
    s.must("UID EXPUNGE 14,32")  # the highest UID is gone
    ok(s.close() == 0, "Dovecot makes an account")


def dovecots_files():
    found = {}
    for path, _, names in os.walk(both.MAILDIR):
        for name in names:
            if name in ("dovecot-uidlist", "dovecot-keywords",
                        "subscriptions"):
                with open(os.path.join(path, name), "rb") as f:
                    found[f.read()] = name
    return found


def from_dovecot():
    both.MAILDIR = SITE + "/Dovecot"
    build_by_dovecot()
    clients = Clients("dovecot")
    clients.settle("dovecot", "clients of Dovecot have the account")
    before = dump("dovecot")
    clients.quiet("they have all of it")
    theirs = dovecots_files()
    status, said = run([SITE + "/imapctl", "names", "check", both.MAILDIR])
    ok(status == 1 and len(re.findall("^folder", said, re.M)) == 4,
       "imapctl names check finds the names", status, said)
    status, said = run([SITE + "/imapctl", "names", "convert", both.MAILDIR])
    ok(status == 0, "imapctl names convert renames them", status, said)
    status, said = run([SITE + "/imapctl", "names", "check", both.MAILDIR])
    ok((status, said) == (0, ""), "then there are none", status, said)
    clients.use("ours")
    clients.quiet("the day of the switch from Dovecot: clients notice nothing")
    same(before, dump("ours"), "we serve what Dovecot served: UIDs, "
         "UIDVALIDITY, flags, keywords, dates, sizes, subscriptions")
    ok(theirs == dovecots_files(), "Dovecot's own files are as they were")
    week_and_back(clients, before)


def unconverted():
    """Without imapctl names convert: as Courier 5 shows it."""
    both.MAILDIR = SITE + "/Old"
    for folder in ("", "/.Entw&APw-rfe", "/.R&D"):
        for sub in ("", "/cur", "/new", "/tmp"):
            os.makedirs(both.MAILDIR + folder + sub, exist_ok=True)
            both.own(both.MAILDIR + folder + sub)
    with open(both.MAILDIR + "/courierimapsubscribed", "w") as f:
        f.write("INBOX.Entw&APw-rfe\n")
    both.own(f.name)
    deliver(".Entw&APw-rfe", "old1")
    by_courier = dump("courier")
    same(by_courier, dump("ours"), "unconverted names are shown as by Courier")
    ok(b"INBOX.Entw&-APw-rfe" in by_courier["folders"], "namely so",
       by_courier)
    with open(SITE + "/ours.log", "rb") as f:
        told = f.read().count(b"1 folder names are in modified UTF-7")
    ok(told == 1, "with one line in the log", told)
    run([SITE + "/imapctl", "names", "convert", both.MAILDIR])
    at_ours = dump("ours")
    ok(b"INBOX.Entw&APw-rfe" in at_ours["folders"] and
       at_ours["subscribed"] == {b"INBOX.Entw&APw-rfe"}, "converted: decoded",
       at_ours)
    same(dump("courier"), at_ours, "by both")


def restored():
    """A backup of yesterday comes back; UIDs were given since."""
    both.MAILDIR = SITE + "/Maildir"
    s = Session("ours")
    append(s, "INBOX", "before backup")
    s.close()
    backup = SITE + "/backup"
    shutil.rmtree(backup, ignore_errors=True)
    subprocess.run(["cp", "-a", both.MAILDIR, backup], check=True)
    # the one exclude line
    shutil.rmtree(backup + "/corkboard", ignore_errors=True)
    s = Session("ours")
    lost = append(s, "INBOX", "after backup")
    s.close()
    at_ours = dump("ours")
    shutil.rmtree(both.MAILDIR)
    subprocess.run(["cp", "-a", backup, both.MAILDIR], check=True)
    status, said = run([SITE + "/imapctl", "restored", both.MAILDIR])
    ok(status == 0 and "INBOX" in said, "imapctl restored", status, said)
    now = dump("ours")
    wrong = [n for n, f in now["folders"].items()
             if int(f["validity"]) <= int(at_ours["folders"][n]["validity"])]
    ok(not wrong, "every folder has a higher UIDVALIDITY", wrong)
    inbox = now["folders"][b"INBOX"]
    ok(lost not in inbox["messages"], "the lost message is lost")
    wrong = [n for n, f in now["folders"].items() for u, m in
             f["messages"].items() if at_ours["folders"][n]["messages"][u] != m]
    ok(not wrong, "all else has UID, flags and keywords", wrong)
    same(now, dump("courier"), "for Courier, too")


def as_root():
    """imapctl becomes the owner before it touches mail, or does nothing."""
    both.MAILDIR = SITE + "/Rooted"
    folders = ("", "/.Entw&APw-rfe")
    for sub in ("", "/cur", "/new", "/tmp"):
        for folder in folders:
            os.makedirs(both.MAILDIR + folder + sub, exist_ok=True)
            both.own(both.MAILDIR + folder + sub)

    def imapctl(*words):
        done = subprocess.run(
            [SITE + "/imapctl", *words], stdin=subprocess.DEVNULL, cwd=SITE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.decode()

    done = [imapctl("names", "convert", both.MAILDIR),
            imapctl("restored", both.MAILDIR)]
    owners = {os.stat(os.path.join(path, name)).st_uid
              for path, dirs, names in os.walk(both.MAILDIR)
              for name in dirs + names}
    ok([status for status, _ in done] == [0, 0] and owners == {NOBODY},
       "imapctl as root leaves nothing of root's", done, owners)
    os.symlink(both.MAILDIR, SITE + "/link")
    os.mkdir(SITE + "/roots", 0o755)
    for sub in ("cur", "new", "tmp"):
        os.mkdir(SITE + "/roots/" + sub)
    wrong = [(words, done) for words, done in (
        (words, imapctl("restored", words)) for words in
        (SITE + "/link", SITE + "/roots", SITE + "/none", "no-such-login"))
        if done[0] != 1 or not done[1].startswith("imapctl: ")]
    ok(not wrong and not os.path.exists(SITE + "/roots/courierimapuiddb"),
       "a symbolic link, mail of root's and nobody's are refused", *wrong)


def main():
    signal.alarm(300)  # a hung server or client ends the test
    started = time.monotonic()
    from_courier()
    restored()
    unconverted()
    if os.access(SITE + "/dovecot", os.X_OK):
        from_dovecot()
    else:
        both.tests += 1
        print("ok %d - from Dovecot # SKIP no Dovecot (etc/setup dovecot DIR "
              "unpacks it)" % both.tests)
    if AS:
        as_root()
    else:
        both.tests += 1
        print("ok %d - imapctl as root # SKIP needs root" % both.tests)
    both.note("%.0f s" % (time.monotonic() - started))
    print("1..%d" % both.tests)
    return 1 if both.failed else 0


if __name__ == "__main__":
    if AS:
        os.chown(SITE, NOBODY, NOBODY)
    sys.exit(main())
