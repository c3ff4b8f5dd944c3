"""One Maildir under Courier's imapd and ours; prints TAP.

courier_both.py SITE LIBRARIES: SITE holds the programs ours and courier, and is
where the Maildir is made; LIBRARIES is the folder of Courier's own or empty.
Both programs speak IMAP over pipes (PREAUTH). As root they run as nobody.
"""
import hashlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

SITE, LIBRARIES = sys.argv[1], sys.argv[2]
MAILDIR = SITE + "/Maildir"
NOBODY = 65534
# Courier finds its folder watcher only for a user that has a name.
AS = {"user": NOBODY, "group": NOBODY, "extra_groups": []} \
    if os.getuid() == 0 else {}
# A minute where nothing may be skipped (t/run's REQUIRE=1), else a third.
SECONDS = 60 if os.environ.get("REQUIRE") == "1" else 20
ENV = {
    "AUTHENTICATED": "cork", "HOME": SITE, "TZ": "UTC", "PATH": "/usr/bin:/bin",
    "IMAP_CAPABILITY": "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE IDLE",
    "IMAP_KEYWORDS": "1", "IMAP_USELOCKS": "1", "IMAP_ENHANCEDIDLE": "0",
    "IMAP_ACL": "0",
}
tests = failed = 0


def ok(good, name, *why):
    global tests, failed
    tests += 1
    print("ok" if good else "not ok", tests, "-", name, flush=True)
    if not good:
        failed += 1
        for line in why:
            print("#", str(line)[:3000], flush=True)


def note(*words):
    print("#", *words, flush=True)


# --- a client -----------------------------------------------------------------

def command_of(server, maildir):
    """How a server is started for a Maildir: arguments, environment."""
    env = dict(ENV)
    if server == "courier" and LIBRARIES:
        env["LD_LIBRARY_PATH"] = LIBRARIES
    return ["%s/%s" % (SITE, server), maildir], env


class Session:
    """One session of one of the programs."""

    def __init__(self, server, maildir=None):
        argv, env = command_of(server, maildir or MAILDIR)
        self.server = server
        self.tag = 0
        self.log = open("%s/%s.log" % (SITE, server), "ab")
        self.process = subprocess.Popen(
            argv, env=env, cwd=SITE,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            **AS)
        greeting = self.line()
        assert greeting.startswith(b"* PREAUTH"), greeting

    def line(self):
        """A whole response, literals and all."""
        text = b""
        while True:
            line = self.process.stdout.readline()
            if not line.endswith(b"\r\n"):
                raise EOFError("%s ended after %r" % (self.server, text + line))
            text += line
            size = re.search(rb"\{(\d+)\}\r\n$", line)
            if not size:
                return text[:-2]
            text += self.process.stdout.read(int(size.group(1)))

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def command(self, text, literal=None):
        """Its tagged answer without the tag, and the untagged ones parsed."""
        self.tag += 1
        tag = b"t%d " % self.tag
        if isinstance(text, str):
            text = text.encode()
        if literal is not None:
            text += b" {%d}" % len(literal)
        self.send(tag + text + b"\r\n")
        answers = []
        while True:
            line = self.line()
            if line.startswith(b"+"):
                self.send(literal + b"\r\n")
            elif line.startswith(tag):
                return line[len(tag):].decode(), answers
            else:
                answers.append(line[2:])

    def must(self, text, literal=None):
        answer, lines = self.command(text, literal)
        assert answer.startswith("OK"), (self.server, text, answer)
        return answer, lines

    def close(self):
        if self.process.poll() is None:
            try:
                self.command("LOGOUT")
            except (EOFError, BrokenPipeError):
                pass
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
        return self.process.wait()


TOKEN = re.compile(rb'\s*(?:(\()|(\))|\{(\d+)\}\r\n|"((?:[^"\\]|\\.)*)"'
                   rb'|([^\s()"{]+))')


def parse(text):
    """A response as nested lists of bytes."""
    stack, at = [[]], 0
    while at < len(text):
        m = TOKEN.match(text, at)
        if not m:
            break
        at = m.end()
        opened, closed, size, quoted, atom = m.groups()
        if opened:
            stack.append([])
        elif closed:
            done = stack.pop()
            stack[-1].append(done)
        elif size is not None:
            stack[-1].append(text[at:at + int(size)])
            at += int(size)
        elif quoted is not None:
            stack[-1].append(re.sub(rb"\\(.)", rb"\1", quoted))
        else:
            stack[-1].append(atom)
    return stack[0]


def fetched(lines):
    """UID -> items, of FETCH responses."""
    found = {}
    for line in lines:
        if not re.match(rb"\d+ FETCH ", line):
            continue
        items = parse(line)[2]
        item = {items[i]: items[i + 1] for i in range(0, len(items) - 1, 2)}
        if b"UID" in item:
            found.setdefault(int(item[b"UID"]), {}).update(item)
    return found


def names(lines, word):
    found = set()
    for line in lines:
        if line.startswith(word + b" "):
            _, attributes, _, name = parse(line)
            if b"\\Noselect" not in attributes:
                found.add(name)
    return found


def folder_dump(session, name):
    _, lines = session.must(b'SELECT "' + name + b'"')
    validity = [line for line in lines if b"[UIDVALIDITY " in line]
    keywords = [line for line in lines if line.startswith(b"FLAGS ")][0]
    _, lines = session.must(
        "UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
    messages = {}
    for uid, item in fetched(lines).items():
        flags = {f for f in item[b"FLAGS"] if f != b"\\Recent"}
        body = item[b"BODY[]"]
        # RFC 3501 allows both " 1-Nov-2026" and "01-Nov-2026".
        messages[uid] = (frozenset(flags), item[b"INTERNALDATE"].lstrip(b" 0"),
                         int(item[b"RFC822.SIZE"]), identity(body),
                         hashlib.md5(body).hexdigest())
    used = frozenset(f for m in messages.values() for f in m[0]
                     if not f.startswith(b"\\"))
    shown = frozenset(f for f in parse(keywords)[1] if not f.startswith(b"\\"))
    return {"validity": re.search(rb"UIDVALIDITY (\d+)", validity[0]).group(1),
            "messages": messages, "used": used, "shown": shown}


def dump(server, maildir=None):
    """All that a client can see of an account."""
    session = Session(server, maildir)
    _, lines = session.must('LIST "" "*"')
    _, subscribed = session.must('LSUB "" "*"')
    tree = {name: folder_dump(session, name) for name in names(lines, b"LIST")}
    if session.close() != 0:
        raise RuntimeError("%s: exit status %d"
                           % (server, session.process.returncode))
    return {"folders": tree, "subscribed": names(subscribed, b"LSUB")}


def differences(a, b):
    """What differs between two dumps, a line each."""
    found = []
    if a["subscribed"] != b["subscribed"]:
        found.append("subscribed: %s" % (a["subscribed"] ^ b["subscribed"]))
    for name in sorted(a["folders"].keys() | b["folders"].keys()):
        f, g = a["folders"].get(name), b["folders"].get(name)
        if f is None or g is None:
            found.append("only one has %r" % name)
            continue
        if f["validity"] != g["validity"]:
            found.append("%r: UIDVALIDITY %s, %s"
                         % (name, f["validity"], g["validity"]))
        for uid in sorted(f["messages"].keys() | g["messages"].keys()):
            m, n = f["messages"].get(uid), g["messages"].get(uid)
            if m != n:
                found.append("%r UID %d: %s, %s" % (name, uid, m, n))
        for d in (f, g):
            if not d["used"] <= d["shown"]:
                found.append("%r: FLAGS lacks %s"
                             % (name, d["used"] - d["shown"]))
    return found


def same(a, b, name):
    found = differences(a, b)
    ok(not found, name, *found[:20])


# --- what lies in the Maildir -------------------------------------------------

def identity(body):
    found = re.search(rb"^X-Id: (\S+)", body, re.M)
    return found.group(1).decode() if found else None


def message(ident, lines=3):
    return ("From: a@example.org\r\nTo: b@example.org\r\nSubject: %s\r\n"
            "X-Id: %s\r\n\r\n" % (ident, ident)
            + "".join("line %d of %s\r\n" % (i, ident)
                      for i in range(lines))).encode()


def own(path):
    if AS:
        os.chown(path, NOBODY, NOBODY)


delivered = [0]


def deliver(folder, ident, sub="new", info="", size=False):
    """As a mail transport agent does; returns the base name."""
    delivered[0] += 1
    base = "%d.M%dP%dQ%d.mda" % (time.time(), time.time_ns() // 1000 % 1000000,
                                 os.getpid(), delivered[0])
    data = message(ident).replace(b"\r\n", b"\n")
    if size:
        base += ",S=%d" % len(data)
    path = "%s/%s/tmp/%s" % (MAILDIR, folder, base)
    with open(path, "wb") as f:
        f.write(data)
    own(path)
    os.rename(path, "%s/%s/%s/%s%s" % (MAILDIR, folder, sub, base, info))
    return base


def uid_of(answer, code):
    found = re.search(r"\[%s (\d+) ([\d:,]+)(?: ([\d:,]+))?\]" % code, answer)
    if not found:
        return None
    return int(expand(found.group(3) or found.group(2))[0])


def expand(text):
    out = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        out += range(int(first), int(last or first) + 1)
    return out


def append(session, folder, ident, flags="", date="", lines=3):
    text = 'APPEND "%s" (%s)%s' % (folder, flags, date and ' "%s"' % date)
    answer, _ = session.must(text, message(ident, lines))
    uid = uid_of(answer, "APPENDUID")
    assert uid, answer
    return uid


def next_uids():
    """Folder directory -> the next UID in its courierimapuiddb."""
    found = {}
    for name in os.listdir(MAILDIR) + [""]:
        try:
            with open("%s/%s/courierimapuiddb" % (MAILDIR, name)) as f:
                found[name] = int(f.readline().split()[2])
        except (FileNotFoundError, NotADirectoryError):
            pass
    return found


# --- the account that Courier leaves behind -----------------------------------

FOLDERS = ["INBOX.Sent", "INBOX.a.b", "INBOX.Entw&APw-rfe",
           "INBOX.&U,BTFw-", "INBOX.with blank", "INBOX.Many"]
SYSTEM = ["\\Draft", "\\Flagged", "\\Answered", "\\Seen", "\\Deleted"]


def build_by_courier():
    for sub in ("cur", "new", "tmp"):
        os.makedirs("%s/%s" % (MAILDIR, sub))
        own("%s/%s" % (MAILDIR, sub))
    own(MAILDIR)
    s = Session("courier")
    for name in FOLDERS:
        s.must('CREATE "%s"' % name)
    for name in ["INBOX", "INBOX.Entw&APw-rfe", "INBOX.a.b", "INBOX.gone"]:
        s.must('SUBSCRIBE "%s"' % name)
    for bits in range(32):
        flags = " ".join(f for i, f in enumerate(SYSTEM) if bits >> i & 1)
        append(s, "INBOX", "flags%d" % bits, flags,
               "%2d-Nov-2026 08:%02d:00 +0000" % (bits % 28 + 1, bits))
    append(s, "INBOX.Sent", "sent1", "\\Seen $Label1")
    append(s, "INBOX.Sent", "sent2", "Foo bar-baz $Label1 \\Flagged")
    append(s, "INBOX.Entw&APw-rfe", "draft", "\\Draft")
    for i in range(40):
        append(s, "INBOX.Many", "many%d" % i, lines=i)
    deliver("", "new1")
    deliver("", "new2", size=True)
    deliver("", "new3", "cur", ":2,FS")
    deliver("", "new4", "cur")
    s.must("SELECT INBOX")
    s.must("UID STORE 1:4 +FLAGS ($Label1 Work)")
    s.must("UID STORE 3 -FLAGS (Work)")
    s.must("UID STORE 5 FLAGS (\\Seen NonJunk)")
    s.must('UID COPY 2:6 "INBOX.a.b"')
    s.must("UID EXPUNGE 20:24")
    s.must("UID STORE 14,36 +FLAGS (\\Deleted)")
    s.must("SELECT INBOX.Many")
    s.must("UID STORE 1:40 +FLAGS (all)")
    s.must("UID STORE 7,20,40 +FLAGS (\\Deleted)")
    s.must("CLOSE")  # gaps, and the highest UID is gone
    s.must("SELECT INBOX.a.b")
    s.must("UID STORE 1:* +FLAGS (\\Deleted Later)")
    s.must("UID STORE 1,2 -FLAGS (\\Deleted)")
    s.must("EXPUNGE")
    ok(s.close() == 0, "Courier makes an account")
    deliver("", "new5")
    deliver(".Sent", "new6")


def change_by_ours(before):
    """Every command that changes something; what it was told to become."""
    s = Session("ours")
    inbox = {m[3]: uid for uid, m in before["folders"][b"INBOX"]
             ["messages"].items()}
    append(s, "INBOX", "ours1", "\\Seen \\Flagged $Label1 fresh",
           "03-Feb-2025 04:05:06 +0000")
    uid = append(s, "INBOX.Many", "ours2")
    ok(uid > 40, "a UID that Courier gave and expunged is not given again", uid)
    s.must("SELECT INBOX")
    s.must('UID COPY %d,%d "INBOX.&U,BTFw-"' % (inbox["flags1"],
                                                 inbox["flags3"]))
    s.must('UID MOVE %d "INBOX.with blank"' % inbox["flags2"])
    s.must("UID STORE %d FLAGS (\\Answered Work Quite-new)" % inbox["flags7"])
    s.must("UID STORE %d -FLAGS (\\Seen $Label1 Work)" % inbox["flags4"])
    s.must("UID STORE %d +FLAGS (\\Draft)" % inbox["new3"])
    s.must("UID STORE %d +FLAGS (\\Draft)" % inbox["new4"])
    s.must("UID STORE %d FLAGS (\\Seen)" % inbox["flags0"])
    s.must("UID EXPUNGE 1:*")
    s.must("SELECT INBOX.Many")
    s.must("UID STORE 1:* +FLAGS (bulk)")
    s.must("UID STORE 1:18 -FLAGS (all)")
    s.must("UID STORE 20:* +FLAGS (\\Seen)")
    s.must("CLOSE")
    s.must("CREATE INBOX.ours.&AOQA9gD8-")
    append(s, "INBOX.ours.&AOQA9gD8-", "ours3", "Foo")
    s.must("CREATE INBOX.empty")
    s.must("DELETE INBOX.empty")
    s.must('RENAME "INBOX.Entw&APw-rfe" INBOX.Drafts')
    s.must("RENAME INBOX.a INBOX.c")  # a level that is no folder
    s.must("SUBSCRIBE INBOX.ours.&AOQA9gD8-")
    s.must("UNSUBSCRIBE INBOX.Entw&APw-rfe")
    ok(s.close() == 0, "our server changes it")


def unchanged(before, after):
    """Messages that were in both: same UID, no UID with another message."""
    renamed = {b"INBOX.Entw&APw-rfe": b"INBOX.Drafts", b"INBOX.a.b":
               b"INBOX.c.b"}
    wrong = []
    for name, f in before["folders"].items():
        g = after["folders"].get(renamed.get(name, name))
        if g is None:
            wrong.append("%r is gone" % name)
            continue
        if f["validity"] != g["validity"]:
            wrong.append("%r: another UIDVALIDITY" % name)
        old = {m[3]: uid for uid, m in f["messages"].items()}
        for uid, m in g["messages"].items():
            if old.get(m[3], uid) != uid:
                wrong.append("%r: %s was %d, is %d"
                             % (name, m[3], old[m[3]], uid))
            if uid in f["messages"] and f["messages"][uid][3:] != m[3:]:
                wrong.append("%r UID %d: another message" % (name, uid))
    return wrong


def one_after_the_other():
    build_by_courier()
    by_courier = dump("courier")
    n = sum(len(f["messages"]) for f in by_courier["folders"].values())
    ok(n == 75 and len(by_courier["folders"]) == 7, "and serves it", n,
       sorted(by_courier["folders"]))
    same(by_courier, dump("ours"), "our server serves the same: UIDs, "
         "UIDVALIDITY, flags, keywords, dates, sizes, texts, subscriptions")
    same(by_courier, dump("courier"), "looking at it changed nothing")
    change_by_ours(by_courier)
    by_ours = dump("ours")
    wrong = unchanged(by_courier, by_ours)
    ok(not wrong, "nothing is renumbered, by RENAME neither", *wrong)
    many = by_ours["folders"][b"INBOX.Many"]["messages"]
    wrong = [uid for uid, m in many.items() if b"bulk" not in m[0]
             or (b"all" in m[0]) == (uid <= 18 or uid > 40)
             or (b"\\Seen" in m[0]) != (uid >= 20)]
    ok(not wrong, "a STORE of more than 16 messages is there", wrong)
    same(by_ours, dump("courier"), "Courier serves what we leave behind")
    same(by_ours, dump("ours"), "and we what Courier leaves behind")
    numbers = next_uids()
    s = Session("courier")
    uid = append(s, "INBOX.Many", "later", "again")
    s.must("SELECT INBOX.Many")
    s.must("UID STORE 2 FLAGS (\\Flagged changed)")
    s.close()
    ok(uid >= numbers[".Many"], "Courier's next UID is beyond all of ours",
       uid, numbers)
    s = Session("ours")
    ok(append(s, "INBOX.Many", "later2") > uid, "and ours beyond Courier's")
    s.close()
    same(dump("courier"), dump("ours"), "both still agree")


def own_folder():
    there = os.path.isdir(MAILDIR + "/corkboard")
    with_it = dump("courier")
    ok(there and not [n for n in with_it["folders"] if b"cork" in n],
       "our folder corkboard is none of Courier's", there)
    subprocess.run(["rm", "-r", MAILDIR + "/corkboard"], check=True)
    same(with_it, dump("courier"), "without it Courier serves the same")
    same(with_it, dump("ours"), "and so do we")


def locks():
    lock = MAILDIR + "/.Sent/tmp/courier.lock"
    child = subprocess.Popen(["true"])
    child.wait()

    def after(text, age, held=0.0):
        """Seconds until our server has numbered a delivery."""
        with open(lock, "w") as f:
            f.write(text)
        own(lock)
        os.utime(lock, (time.time() - age,) * 2)
        deliver(".Sent", "locked")
        release = threading.Timer(held, os.unlink, [lock]) if held else None
        start = time.monotonic()
        if release:
            release.start()
        s = Session("ours")
        _, lines = s.must("SELECT INBOX.Sent")
        s.close()
        seconds = time.monotonic() - start
        if release:
            release.join()
        left = os.path.exists(lock)
        if left:
            os.unlink(lock)
        return seconds, left

    host = socket.gethostname()
    seconds, left = after("%d:%s" % (child.pid, host), 0)
    ok(seconds <= 1 and not left, "a lock of a dead process costs 1 s at most",
       seconds, left)
    seconds, left = after("1:elsewhere", 130)
    ok(seconds <= 1 and not left, "so does another host's after two minutes",
       seconds, left)
    seconds, left = after("%d:%s" % (os.getpid(), host), 0, held=1.0)
    ok(1 <= seconds <= 3 and not left, "the lock of a living one is waited for",
       seconds, left)
    same(dump("courier"), dump("ours"), "both agree after it")


def told_by_ours():
    """Fills INBOX.First, which no session of ours opens: identity -> UID."""
    s = Session("ours")
    s.must("CREATE INBOX.First")
    told = {ident: append(s, "INBOX.First", ident, flags)
            for ident, flags in (("first1", ""), ("first2", "\\Seen"),
                                 ("first3", "Work"), ("first4", "\\Draft"))}
    s.must("SELECT INBOX.Sent")
    _, lines = s.must("UID FETCH 1:3 (BODY.PEEK[HEADER])")
    sent = {uid: identity(item[b"BODY[HEADER]"])
            for uid, item in fetched(lines).items()}
    for uid, command in zip(sorted(sent), ("COPY", "COPY", "MOVE")):
        answer, lines = s.must("UID %s %d INBOX.First" % (command, uid))
        text = answer + " ".join(line.decode() for line in lines)
        told[sent[uid]] = uid_of(text, "COPYUID")
    return s, told


def first_opened_by_courier():
    """A UID that we have told is one for Courier, too, whoever opens first."""
    s, told = told_by_ours()
    # Mail for those who only read: they give it its UID as well.
    deliver(".First", "first5")
    s.must("STATUS INBOX.First (MESSAGES)")
    deliver(".First", "first6")
    s.must("EXAMINE INBOX.First")
    _, lines = s.must("UID FETCH 1:* (BODY.PEEK[HEADER])")
    s.close()
    by_examine = {identity(item[b"BODY[HEADER]"]): uid
                  for uid, item in fetched(lines).items()}
    ok(len(by_examine) == 9
       and told == {i: by_examine[i] for i in told},
       "APPEND, COPY, MOVE tell the UIDs that EXAMINE shows", told, by_examine)
    messages = dump("courier")["folders"][b"INBOX.First"]["messages"]
    by_courier = {m[3]: uid for uid, m in messages.items()}
    ok(by_courier == by_examine, "Courier, the first to open the folder, has "
       "them under the same UIDs, and what STATUS and EXAMINE numbered",
       by_examine, by_courier)
    same(dump("courier"), dump("ours"), "and so have we when we open it")


# --- both at once -------------------------------------------------------------

KEYWORDS = ["$Label1", "$Label2", "Work", "Later", "Junk", "NonJunk", "k1",
            "k2", "k3", "k4", "k5", "k6"]


class Player(threading.Thread):
    """Random operations of one session on messages that are its own."""

    def __init__(self, server, number, end):
        super().__init__(name="%s%d" % (server, number))
        self.random = random.Random(number)
        self.end = end
        self.server = server
        self.mine = {}  # identity -> (UID, flags)
        self.seen = {}  # (folder, UID) -> identity
        self.gone = set()  # expunged, acknowledged
        self.moved = {}  # identity -> how often it is in the other folder
        self.count = self.told = 0
        self.error = None

    def run(self):
        try:
            self.session = Session(self.server)
            self.session.must("SELECT INBOX.Both")
            while self.goes_on(time.monotonic()):
                self.step()
                self.told += 1
                # Courier sleeps 1 s for a lock that it does not get at once.
                time.sleep(self.random.random() * 0.02)
            self.session.close()
        except Exception as e:  # told by the main thread
            self.error = "%s: %s: %s" % (self.name, type(e).__name__, e)
            self.session.process.kill()
            self.session.close()

    def goes_on(self, now):
        """Courier may sleep often: it has a minute more for its twenty."""
        return now < self.end or (self.told <= 20 and now < self.end + 60)

    def step(self):
        choice = self.random.random()
        if len(self.mine) < 5 or choice < 0.2:
            self.append()
        elif choice < 0.55:
            self.store()
        elif choice < 0.65:
            self.copy()
        elif choice < 0.72 and self.server == "ours":
            self.move()
        elif choice < 0.80:
            self.expunge()
        elif choice < 0.90:
            self.look()
        else:
            self.session.must("NOOP")

    def pick(self):
        ident = self.random.choice(sorted(self.mine))
        return (ident,) + self.mine[ident]

    def append(self):
        self.count += 1
        ident = "%s.%d" % (self.name, self.count)
        flags = self.random.sample(KEYWORDS, 2) + ["\\Seen"]
        uid = append(self.session, "INBOX.Both", ident, " ".join(flags))
        self.see("INBOX.Both", uid, ident)
        self.mine[ident] = (uid, frozenset(flags))
        self.session.must("NOOP")  # Courier tells of it no sooner

    def store(self):
        ident, uid, flags = self.pick()
        some = set(self.random.sample(KEYWORDS + SYSTEM[:4],
                                      self.random.randint(1, 3)))
        sign = self.random.choice(["", "+", "-"])
        flags = {"": some, "+": flags | some, "-": flags - some}[sign]
        answer, lines = self.session.must(
            "UID STORE %d %sFLAGS (%s)" % (uid, sign, " ".join(sorted(some))))
        self.mine[ident] = (uid, frozenset(flags))

    def copy(self):
        ident, uid, _ = self.pick()
        answer, _ = self.session.must("UID COPY %d INBOX.Other" % uid)
        there = uid_of(answer, "COPYUID")
        if there:
            self.see("INBOX.Other", there, ident)
            self.moved[ident] = self.moved.get(ident, 0) + 1

    def move(self):
        ident, uid, _ = self.pick()
        _, lines = self.session.must("UID MOVE %d INBOX.Other" % uid)
        codes = [line.decode() for line in lines if b"[COPYUID " in line]
        if codes:
            self.see("INBOX.Other", uid_of(codes[0], "COPYUID"), ident)
            self.moved[ident] = self.moved.get(ident, 0) + 1
            self.gone.add(ident)
            del self.mine[ident]

    def expunge(self):
        ident, uid, _ = self.pick()
        del self.mine[ident]
        self.session.must("UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid)
        self.session.must(self.random.choice(["EXPUNGE",
                                              "UID EXPUNGE %d" % uid]))
        self.gone.add(ident)

    def look(self):
        _, lines = self.session.must(
            "UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (X-Id)])")
        for line in lines:
            m = re.search(rb"\bUID (\d+)", line)
            ident = re.search(rb"X-Id: (\S+)", line)
            if m and ident:  # without: expunged meanwhile
                self.see("INBOX.Both", int(m.group(1)), ident.group(1).decode())

    def see(self, folder, uid, ident):
        other = self.seen.setdefault((folder, uid), ident)
        assert other == ident, ("one UID, two messages", folder, uid, ident,
                                other)


def quiet_messages():
    """Messages with keywords of both, that nobody touches from now on."""
    for server in ("courier", "ours"):
        s = Session(server)
        for i in range(10):
            append(s, "INBOX.Both", "quiet.%s.%d" % (server, i),
                   " ".join(["\\Flagged", "quiet"] + KEYWORDS[:i]))
        s.close()
    s = Session("ours")
    s.must("SELECT INBOX.Both")
    s.must("UID STORE 1:* +FLAGS (by-ours)")
    s.close()
    s = Session("courier")
    s.must("SELECT INBOX.Both")
    s.must("UID STORE 1:* +FLAGS (by-courier)")
    s.close()


def judge(players, before, arrivals):
    by_courier, by_ours = dump("courier"), dump("ours")
    same(by_courier, by_ours, "afterwards both serve the same")
    both = by_ours["folders"][b"INBOX.Both"]["messages"]
    other = by_ours["folders"][b"INBOX.Other"]["messages"]
    seen, wrong = {}, []
    for p in players:
        for key, ident in p.seen.items():
            if seen.setdefault(key, ident) != ident:
                wrong.append((key, ident, seen[key]))
    for folder, messages in (("INBOX.Both", both), ("INBOX.Other", other)):
        for uid, m in messages.items():
            if seen.get((folder, uid), m[3]) != m[3]:
                wrong.append((folder, uid, m[3], seen[folder, uid]))
    ok(not wrong, "no UID names two messages", *wrong)
    ok(all(by_ours["folders"][n]["validity"] == before["folders"][n]["validity"]
           for n in (b"INBOX.Both", b"INBOX.Other")), "UIDVALIDITY stands")

    there = [m[3] for m in both.values()]
    want = {m[3] for m in before["folders"][b"INBOX.Both"]["messages"].values()}
    want |= set(arrivals)
    for p in players:
        want |= p.mine.keys()
    ok(want <= set(there), "no message is lost", want - set(there))
    copies = {}
    for m in other.values():
        copies[m[3]] = copies.get(m[3], 0) + 1
    wrong = [(i, n, copies.get(i, 0)) for p in players
             for i, n in p.moved.items() if copies.get(i, 0) != n]
    ok(not wrong, "nor is a copied or moved one", *wrong)
    ok(len(there) == len(set(there)), "none is there twice",
       sorted(i for i in there if there.count(i) > 1))
    where = {}
    for (folder, uid), ident in seen.items():
        if folder == "INBOX.Both":
            where.setdefault(ident, set()).add(uid)
    moved = [i for i, uids in where.items() if len(uids) > 1]
    note("renumbered (Courier's readdir beside a rename):", moved or "none")
    # To a session that looks just then, a renumbered message is one that went.
    back = [i for p in players for i in p.gone if i in there and i not in moved]
    ok(not back, "none that was expunged is back", back)

    now = {m[3]: m for m in both.values()}
    quiet = before["folders"][b"INBOX.Both"]["messages"].values()
    wrong = [(m[3], m[0], now[m[3]][0]) for m in quiet
             if m[3] in now and now[m[3]] != m]
    ok(not wrong, "what nobody touched kept flags and keywords", *wrong)
    # Courier drops keywords of what its readdir has missed, too.
    wrong = [(i, uid, sorted(flags), now[i][0]) for p in players
             for i, (uid, flags) in p.mine.items()
             if i in now and i not in moved
             and {f.encode() for f in flags} != now[i][0]]
    ok(not wrong, "what one session stored is what both show", *wrong)


def both_at_once():
    s = Session("courier")
    s.must("CREATE INBOX.Both")
    s.must("CREATE INBOX.Other")
    s.close()
    quiet_messages()
    before = dump("courier")
    same(before, dump("ours"), "before both are at work they agree")
    end = time.monotonic() + SECONDS
    players = [Player(server, i, end) for i, server in
               enumerate(["courier", "ours", "courier", "ours"])]
    for p in players:
        p.start()
    arrivals = []
    while time.monotonic() < end:
        arrivals.append("mda.%d" % len(arrivals))
        deliver(".Both", arrivals[-1], size=len(arrivals) % 2 == 0)
        time.sleep(0.25)
    for p in players:
        p.join()
    note(", ".join("%s: %d operations" % (p.name, p.told) for p in players))
    errors = [p.error for p in players if p.error]
    ok(not errors, "two sessions of each at work on one folder for %d s"
       % SECONDS, *errors)
    ok(all(p.told > 20 for p in players), "none of them had to wait for long")
    judge(players, before, arrivals)


def main():
    signal.alarm(200 + SECONDS)  # a hung session ends the test
    one_after_the_other()
    own_folder()
    locks()
    first_opened_by_courier()
    both_at_once()
    print("1..%d" % tests)
    return 1 if failed else 0


if __name__ == "__main__":
    if AS:
        os.chown(SITE, NOBODY, NOBODY)
    sys.exit(main())
