"""NOTIFY's bounds against a whole site: notify.py PORT MAILDIR IMAPCTL CONTROL.
Prints TAP."""
import json
import os
import socket
import subprocess
import sys
import time

port, maildir, imapctl, control = int(sys.argv[1]), *sys.argv[2:5]
BOXES = 4096  # NOTIFY_BOXES_MAX
FOLLOWED = 32  # NOTIFY_FOLLOW_MAX
bad = 0


def ok(what, name):
    global bad
    bad += not what
    print("ok" if what else "not ok", "-", name)


class Client:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", port))
        self.s.settimeout(60)
        self.f = self.s.makefile("rb")
        self.f.readline()
        self.ask("l LOGIN demo demo")

    def ask(self, command):
        self.s.sendall(command.encode() + b"\r\n")
        tag, lines = command.split()[0].encode() + b" ", []
        while not lines or not lines[-1].startswith(tag):
            lines.append(self.f.readline())
            assert lines[-1], "closed"
        return lines

    def hears(self, text, seconds):
        """Whether such a line comes in time."""
        self.s.settimeout(seconds)
        try:
            return text in self.f.readline()
        except (TimeoutError, socket.timeout):
            return False
        finally:
            self.s.settimeout(60)


def parks(c, seconds=10):
    """Whether it is parked in time."""
    end = time.time() + seconds
    while time.time() < end:
        out = subprocess.run([imapctl, "-C", control, "who", "-j"],
                             capture_output=True, text=True).stdout
        me = [one for one in json.loads(out)
              if one["port"] == c.s.getsockname()[1]]
        if me[0]["state"] == "parked":
            return True
        time.sleep(0.1)
    return False


def owner(path):
    st = os.stat(maildir)
    os.chown(path, st.st_uid, st.st_gid)


def folder(name):
    for sub in ("", "/cur", "/new", "/tmp"):
        os.mkdir("%s/.%s%s" % (maildir, name, sub), 0o700)
        owner("%s/.%s%s" % (maildir, name, sub))


def deliver(name, base):
    tmp = "%s/.%s/tmp/%s" % (maildir, name, base)
    with open(tmp, "w") as f:
        f.write("Subject: x\n\nbody\n")
    owner(tmp)
    os.rename(tmp, "%s/.%s/new/%s" % (maildir, name, base))


def folders():
    return 1 + sum(x.startswith(".") and len(x) > 1
                   for x in os.listdir(maildir))


names = ["n%04d" % i for i in range(BOXES)]
made = 0
for made in range(FOLLOWED + 8):
    folder(names[made])
c = Client()
good = c.ask("a NOTIFY SET (subtree INBOX.n0000 NONE) "
             "(personal (MessageNew MessageExpunge))")
ok(good == [b"a OK NOTIFY completed\r\n"], "a set of more than are watched")
ok(parks(c), "its client is parked")
deliver("n0001", "1.a")
ok(c.hears(b'STATUS "INBOX.n0001" (MESSAGES 1 ', 5),
   "a foreign delivery into one that is watched")
other = Client()
other.ask("a APPEND INBOX.%s {5+}\r\nhello" % names[FOLLOWED + 6])
ok(c.hears(b'STATUS "INBOX.%s" (MESSAGES 1 ' % names[FOLLOWED + 6].encode(), 5),
   "an APPEND into one that is not")
start = time.time()
deliver(names[FOLLOWED + 7], "1.b")
ok(c.hears(b'STATUS "INBOX.%s" (MESSAGES 1 ' % names[FOLLOWED + 7].encode(), 75),
   "a foreign delivery there: by a slow look")
print("# after %.0f s" % (time.time() - start))
d = Client()
d.ask("a NOTIFY SET (personal (MailboxName))")
ok(parks(d), "who wants no news of messages is parked, too")
folder("strange")
ok(d.hears(b'LIST (\\HasNoChildren) "." "INBOX.strange"', 5),
   "a folder that a stranger made, at once")
os.rename(maildir + "/.strange", maildir + "/.other")
ok(d.hears(b'"INBOX.other" ("OLDNAME" ("INBOX.strange"))', 5), "and renamed")
os.system("rm -r '%s/.other'" % maildir)
ok(d.hears(b'LIST (\\NonExistent \\HasNoChildren) "." "INBOX.other"', 5),
   "and removed")
# another Maildir takes this one's place, while its clients are parked
old, new = maildir + ".old", maildir + ".new"
os.system("cp -a %s %s" % (maildir, new))
os.rename(maildir, old)
os.rename(new, maildir)
time.sleep(2)  # sessions of the old one have gone
os.close(os.open(old + "/.n0001/new/1.stirs", os.O_CREAT | os.O_WRONLY))
time.sleep(1)
deliver("n0001", "1.c")
ok(c.hears(b'STATUS "INBOX.n0001" (MESSAGES 2 ', 5) and parks(c) and parks(d),
   "a Maildir that is replaced costs no client, which hears of the new one")
other = Client()
# a burst: the first at once, the others together, the last one is told
start, told, last = time.time(), 0, b""
for i in range(150):
    other.s.sendall(b"e APPEND INBOX.n0001 {5+}\r\nhello\r\n")
for i in range(150):
    other.f.readline()
done = time.time()
while b"MESSAGES 152 " not in last and time.time() < done + 20:
    last = c.f.readline()
    told += 1
ok(b"MESSAGES 152 " in last, "the end of a burst is told")
ok(told <= (time.time() - start) * 10 + 3, "ten notices a second at most")
print("# %d notices of 150 messages in %.1f s" % (told, done - start))
made += 1
while folders() < 500:
    folder(names[made])
    made += 1
e = Client()
e.ask("a NOTIFY SET (personal (MessageNew MessageExpunge MailboxName))")
ok(parks(e), "a picture of 500 mailboxes parks")
other.ask("f APPEND INBOX.%s {5+}\r\nhello" % names[made - 1])
ok(e.hears(b'STATUS "INBOX.%s" (MESSAGES 1 ' % names[made - 1].encode(), 5) and
   parks(e), "and is told of the last of them")
while folders() < BOXES - 1:
    folder(names[made])
    made += 1
for n in (BOXES - 1, BOXES, BOXES + 1):
    while folders() < n:
        folder("x%d" % n)
    good = other.ask("b NOTIFY SET (personal (MailboxName))")
    ok((b"* OK [NOTIFICATIONOVERFLOW]" in good[0]) == (n > BOXES),
       "%d mailboxes" % n)
    ok(good[-1] == b"b OK NOTIFY completed\r\n", "the command is answered")
    if n == BOXES:
        ok(not parks(other, 4), "a picture of so many is not parked")
        other.ask("x NOTIFY NONE")
        ok(parks(other), "without it the client is")
ok(parks(other), "who is told of nothing is parked")
other.ask("c CREATE INBOX.more")
ok(other.ask("d NOOP") == [b"d OK NOOP completed\r\n"],
   "after the overflow nothing is told")
sys.exit(bad > 0)
