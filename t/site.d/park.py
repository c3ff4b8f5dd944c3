"""Parked clients at random: park.py PORT SSLPORT MAILDIR SECONDS SEED [MASTER]

Clients of every kind park and come back at random points while they, strangers
and each other change one folder. After every step each client's picture (which
UID each sequence number is, flags, EXISTS, \\Recent) is compared with the truth:
what a client that has just come sees, and what lies on the disk. Those with NOTIFY
have a picture of all other folders too, which are filled, emptied, made, renamed
and removed meanwhile, by us and by programs that know nothing of us. With MASTER
sessions and servants beneath that process are killed -9 meanwhile: clients may be
lost, but never told anything wrong, and in the end no descriptor, inotify watch,
record or place of the account is left behind. Prints complaints; the last line
sums up.
"""
import gc
import glob
import os
import random
import re
import select
import shutil
import signal
import socket
import ssl
import sys
import threading
import time
import zlib

PORT, SSLPORT, BOX, SECONDS, SEED = (
    int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4]),
    int(sys.argv[5]))
MASTER = sys.argv[6] if len(sys.argv) > 6 else None
MAXPERUSER = 30
rnd = random.Random(SEED)
LATE = 20.0
lax = ssl.create_default_context()
lax.check_hostname = False
lax.verify_mode = ssl.CERT_NONE
complaints = 0
counts = {}


def count(what):
    counts[what] = counts.get(what, 0) + 1


def complain(who, text):
    global complaints
    complaints += 1
    if complaints <= 20:
        print("%s: %s" % (who, text), flush=True)
        for line in who.past[-150 if complaints < 3 else -24:] if isinstance(who, Stream) else []:
            print("    %s" % line, flush=True)


class Lost(Exception):
    pass


class Stream:
    """Lines to and from the server: plain, TLS, COMPRESS."""

    def __init__(self, name, kind):
        self.name, self.kind, self.past, self.tags = name, kind, [], 0
        self.z = self.u = None
        self.text = b""
        s = socket.create_connection(
            ("127.0.0.1", SSLPORT if "tls" in kind else PORT))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.settimeout(LATE)
        self.s = lax.wrap_socket(s) if "tls" in kind else s
        self.line()
        self.ok("LOGIN demo demo")
        if "compress" in kind:
            self.ok("COMPRESS DEFLATE")
            self.z = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
            self.u = zlib.decompressobj(-15)

    def __str__(self):
        return "%s (%s)" % (self.name, " ".join(sorted(self.kind)))

    def send(self, text):
        """As it is, or torn apart at some point with a pause."""
        self.past.append("> %r" % text)
        data = text.encode()
        if self.z:
            data = self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH)
        if len(data) > 1 and rnd.random() < 0.1:
            at = rnd.randrange(1, len(data))
            self.s.sendall(data[:at])
            time.sleep(rnd.choice([0, 0.002, 0.01]))
            data = data[at:]
        self.s.sendall(data)

    def more(self, wait=LATE):
        """False: nothing came in time."""
        pending = "tls" in self.kind and self.s.pending()
        if not pending and not select.select([self.s], [], [], wait)[0]:
            return False
        try:
            got = self.s.recv(65536)
        except socket.timeout:
            return False
        if not got:
            raise Lost("%s: the connection ended" % self)
        self.text += self.u.decompress(got) if self.u else got
        return True

    def line(self, wait=LATE):
        """None: no whole one in time."""
        end = time.monotonic() + wait
        while b"\r\n" not in self.text:
            if not self.more(max(0, end - time.monotonic())):
                return None
        one, self.text = self.text.split(b"\r\n", 1)
        one = one.decode()
        self.past.append("< %r" % one)
        del self.past[:-150]
        return one

    def command(self, text):
        """Sends it; the tag."""
        self.tags += 1
        self.send("a%d %s\r\n" % (self.tags, text))
        return "a%d" % self.tags

    def answer(self, tag):
        """All lines to the tagged one."""
        lines = []
        while True:
            one = self.line()
            if one is None:
                raise Lost("%s: no answer to %s" % (self, tag))
            if one.startswith("* BYE"):
                raise Lost("%s: %s" % (self, one))
            lines.append(one)
            if one.startswith(tag + " "):
                return lines
            self.untagged(one)

    def untagged(self, one):
        pass

    def ask(self, text):
        return self.answer(self.command(text))

    def ok(self, text):
        lines = self.ask(text)
        if not lines[-1].split(" ")[1] == "OK":
            raise Lost("%s: %s: %s" % (self, text, lines[-1]))
        return lines


def uids_of(text):
    """A set of numbers, "1:3,7"."""
    found = []
    for part in text.split(","):
        lo, _, hi = part.partition(":")
        found += range(int(lo), int(hi or lo) + 1)
    return found


def status_of(text):
    """MESSAGES and so on of a STATUS line."""
    return {what: int(n) for what, n in re.findall(
        r"(MESSAGES|UIDNEXT|UIDVALIDITY|UNSEEN|HIGHESTMODSEQ) (\d+)", text)}


class Listener(Stream):
    """NOTIFY's picture of the folders that are not selected."""

    SET = ("NOTIFY SET STATUS %s(PERSONAL (MessageNew MessageExpunge"
           " FlagChange MailboxName))")

    def __init__(self, name, kind, selected=""):
        self.boxes, self.idle = {}, None
        if not hasattr(self, "picture"):
            super().__init__(name, kind)
        self.ok(self.SET % selected)

    def listen(self, one):
        found = re.match(r'\* STATUS "([^"]+)" \((.*)\)$', one)
        if found:
            self.boxes[found[1]] = status_of(found[2])
        found = re.match(r'\* LIST \(([^)]*)\) "\." "([^"]+)"'
                         r'(?: \("OLDNAME" \("([^"]+)"\)\))?$', one)
        if not found:
            return
        flags, name, old = found.groups()
        if "\\NonExistent" in flags:
            self.boxes.pop(name, None)
        else:
            self.boxes[name] = self.boxes.pop(old or name, {"MESSAGES": 0})

    untagged = listen

    def differs(self, boxes):
        """None, or what of the other folders was not told."""
        if set(self.boxes) | {"INBOX"} != set(boxes):
            return "folders %s, want %s" % (sorted(self.boxes), sorted(boxes))
        for name, told in self.boxes.items():
            if name == "INBOX" and hasattr(self, "picture"):
                continue  # that is told otherwise
            want = {what: boxes[name][what] for what in told}
            if told != want:
                return "%s is %s, want %s" % (name, told, want)
        return None

    def compare_boxes(self, boxes, observer):
        """Nothing is asked: what is new comes by itself."""
        end = time.monotonic() + 8
        while self.differs(boxes) is not None:
            left = end - time.monotonic()
            one = self.line(max(0, left)) if left > 0 else None
            if one is None:
                if self.differs(observer.other_boxes()) is None:
                    count("owed look")
                    return
                complain(self, "was told: %s" % self.differs(boxes))
                raise Lost("%s: starts anew" % self)
            if one.startswith("* BYE"):
                raise Lost("%s: %s" % (self, one))
            self.untagged(one)
        count("told of others")

    def idle_begin(self):
        self.idle = self.command("IDLE")
        one = self.line()
        while one is not None and not one.startswith("+ "):
            self.untagged(one)
            one = self.line()
        if one is None:
            raise Lost("%s: no answer to IDLE" % self)
        count("idle")

    def idle_end(self):
        tag, self.idle = self.idle, None
        self.send("DONE\r\n")
        self.answer(tag)

    def step(self):
        if self.idle:
            if rnd.random() < 0.4:
                self.idle_end()
        elif rnd.random() < 0.4:
            self.idle_begin()
        else:
            self.ok(rnd.choice(["NOOP", "CAPABILITY", 'LIST "" INBOX']))

    def compare(self, truth, observer):
        pass


class Client(Listener):
    """Keeps the picture that a client has of the folder."""

    def __init__(self, name, kind):
        self.picture = []       # [uid or None, flags or None] by number
        self.frozen = False     # FETCH, STORE, SEARCH by number: no EXPUNGE
        self.idle = self.saved = None
        self.safe = self.validity = None
        self.recent = set()     # UIDs that were told as \Recent to us
        self.recent_count = 0
        Stream.__init__(self, name, kind)
        if "qresync" in kind:
            self.ok("ENABLE QRESYNC")
        if "condstore" in kind:
            self.ok("ENABLE CONDSTORE")
        if "utf8" in kind:
            self.ok("ENABLE UTF8=ACCEPT")
        if "rev2" in kind:
            self.ok("ENABLE IMAP4rev2")
        self.select()
        if "notify" in kind:
            super().__init__(name, kind, "(SELECTED%s (MessageNew"
                             " MessageExpunge FlagChange)) " %
                             ("-DELAYED" if "delayed" in kind else ""))

    def select(self, resync=False):
        known = [m for m in self.picture if m[0] is not None]
        self.saved, self.recent = None, set()
        text = "%s INBOX" % (
            "EXAMINE" if "readonly" in self.kind else "SELECT")
        if resync and self.safe and len(known) == len(self.picture):
            count("resync")
            text += " (QRESYNC (%d %d))" % (self.validity, self.safe)
            self.earlier = True
        else:
            known = []
        flags = {uid: f for uid, f in known}
        self.picture, self.closed, self.safe = [], True, None
        self.known = {uid for uid, _ in known} if known else None
        self.flags = flags
        lines = self.ok(text)
        for one in lines:
            found = re.search(r"UIDVALIDITY (\d+)", one)
            if found:
                self.validity = int(found[1])
        if self.known is not None:
            # what is known and not vanished comes first, then what is new
            old = sorted(self.known)
            if len(old) > len(self.picture):
                complain(self, "%d known, %d there" %
                         (len(old), len(self.picture)))
            for m, uid in zip(self.picture, old):
                if m[0] not in (None, uid):
                    complain(self, "UID %d told for %s" % (uid, m[0]))
                m[0] = uid
                if m[1] is None:
                    m[1] = self.flags.get(uid)
        self.known = None
        # VANISHED names UIDs: they must be known
        if "qresync" in self.kind and self.picture:
            self.by_number("FETCH 1:* (UID FLAGS)")

    def untagged(self, one):
        if "notify" in self.kind:
            self.listen(one)
        found = re.match(r"\* (\d+) (EXISTS|EXPUNGE|RECENT|FETCH)(.*)", one)
        if found:
            n = int(found[1])
            getattr(self, "on_" + found[2].lower())(n, found[3])
        elif one.startswith("* VANISHED"):
            self.on_vanished(one.split()[-1], "(EARLIER)" in one)
        found = re.search(r"\[HIGHESTMODSEQ (\d+)\]", one)
        if found:
            self.on_safe(int(found[1]))

    def answer(self, tag):
        lines = super().answer(tag)
        found = re.search(r"\[HIGHESTMODSEQ (\d+)\]", lines[-1])
        if found:
            self.on_safe(int(found[1]))
        return lines

    def on_safe(self, modseq):
        if self.safe is not None and modseq < self.safe:
            complain(self, "HIGHESTMODSEQ %d after %d" % (modseq, self.safe))
        self.safe = modseq

    def on_exists(self, n, _):
        if n < len(self.picture):
            complain(self, "EXISTS %d of %d" % (n, len(self.picture)))
        while len(self.picture) < n:
            self.picture.append([None, None])

    def on_recent(self, n, _):
        self.recent_count = n

    def on_expunge(self, n, _):
        if self.frozen:
            complain(self, "EXPUNGE while numbers are used")
        if "qresync" in self.kind:
            complain(self, "EXPUNGE after QRESYNC")
        if not 0 < n <= len(self.picture):
            complain(self, "EXPUNGE %d of %d" % (n, len(self.picture)))
            return
        del self.picture[n - 1]

    def on_vanished(self, text, earlier):
        if "qresync" not in self.kind:
            complain(self, "VANISHED without QRESYNC")
        if earlier:
            if self.known is not None:
                self.known -= set(uids_of(text))
            return
        if self.frozen:
            complain(self, "VANISHED while numbers are used")
        for uid in uids_of(text):
            for m in self.picture:
                if m[0] == uid:
                    self.picture.remove(m)
                    break
            else:
                # one whose UID was not told, between those that were
                below = sum(1 for m in self.picture
                            if m[0] is not None and m[0] < uid)
                for i, m in enumerate(self.picture):
                    if m[0] is None and below == 0:
                        del self.picture[i]
                        break
                    below -= m[0] is not None
                    if below < 0:
                        complain(self, "VANISHED %d, not there" % uid)
                        break
                else:
                    complain(self, "VANISHED %d, not there" % uid)

    def on_fetch(self, n, rest):
        if not 0 < n <= len(self.picture):
            complain(self, "FETCH of %d of %d" % (n, len(self.picture)))
            return
        m = self.picture[n - 1]
        uid = re.search(r"\bUID (\d+)", rest)
        if uid and m[0] not in (None, int(uid[1])):
            complain(self, "%d is UID %s, was %d" % (n, uid[1], m[0]))
        if uid:
            m[0] = int(uid[1])
        flags = re.search(r"\bFLAGS \(([^)]*)\)", rest)
        if not flags:
            return
        m[1] = frozenset(flags[1].lower().split())
        if m[0] is None:
            return
        if "\\recent" in m[1]:
            self.recent.add(m[0])
        elif m[0] in self.recent:
            complain(self, "UID %d is not recent any more" % m[0])

    # ---- what it does ----

    def by_number(self, text):
        # SELECTED tells of an EXPUNGE at any time: RFC 5465 5.1
        self.frozen = "notify" not in self.kind or "delayed" in self.kind
        lines = self.ask(text)
        self.frozen = False
        return lines

    def some(self):
        known = [m[0] for m in self.picture if m[0] is not None]
        return sorted(rnd.sample(known, min(len(known), rnd.randint(1, 4))))

    def store(self):
        uids = self.some()
        if not uids or "readonly" in self.kind:
            return
        flag = rnd.choice(["\\Seen", "\\Flagged", "\\Answered", "\\Draft",
                           "$One", "$Two", "$Three", "\\Deleted"])
        silent = rnd.choice(["", ".SILENT"])
        text = "%sFLAGS%s (%s)" % (rnd.choice("+-"), silent, flag)
        if rnd.random() < 0.3 and "notify" not in self.kind:
            numbers = [str(1 + i) for i, m in enumerate(self.picture)
                       if m[0] in uids]
            self.forget(uids if silent else [])
            self.by_number("STORE %s %s" % (",".join(numbers), text))
        else:
            self.forget(uids if silent else [])
            self.ask("UID STORE %s %s" % (",".join(map(str, uids)), text))
        count("store")

    def forget(self, uids):
        for m in self.picture:
            if m[0] in uids:
                m[1] = None

    def expunge(self):
        uids = self.some()
        if not uids or "readonly" in self.kind or len(self.picture) < 12:
            return
        text = ",".join(map(str, uids[:2]))
        self.ask("UID STORE %s +FLAGS (\\Deleted)" % text)
        self.ask("UID EXPUNGE %s" % text)
        count("expunge")

    def copy(self):
        uids = self.some()
        if uids and len(self.picture) < 60:
            self.ask("UID COPY %s INBOX" % ",".join(map(str, uids)))
            count("copy")

    def append(self):
        if len(self.picture) > 60:
            return
        body = "Subject: appended\r\n\r\ntext\r\n"
        flags = rnd.choice(["", " (\\Seen)", " ($One \\Flagged)"])
        tag = self.command("APPEND INBOX%s {%d}" % (flags, len(body)))
        one = self.line()
        while one is not None and not one.startswith("+ "):
            self.untagged(one)
            one = self.line()
        if rnd.random() < 0.3:
            time.sleep(0.005)
        self.send(body + "\r\n")
        self.answer(tag)
        count("append")

    def save(self):
        flag = rnd.choice(["FLAGGED", "SEEN", "KEYWORD $One"])
        lines = self.ask("UID SEARCH RETURN (SAVE ALL) %s" % flag)
        self.saved = set()
        for one in lines:
            found = re.search(r"ALL ([\d:,]+)", one)
            if found and one.startswith("* ESEARCH"):
                self.saved = set(uids_of(found[1]))
        count("save")

    def check_saved(self, truth):
        if self.saved is None:
            return
        lines = self.ask("UID FETCH $ (UID)")
        got = {int(u) for u in re.findall(r"FETCH \(UID (\d+)",
                                          "\n".join(lines))}
        want = self.saved & set(truth)
        if got != want:
            complain(self, "$ is %s, want %s" % (sorted(got), sorted(want)))

    def select_again(self):
        if "notify" in self.kind:
            return
        if rnd.random() < 0.5:
            self.ok("UNSELECT")
        self.select("qresync" in self.kind)
        count("select")

    def burst(self):
        """Some commands in one piece: no park between them."""
        n = rnd.randint(2, 5)
        first = self.tags + 1
        self.send("".join("a%d NOOP\r\n" % (first + i) for i in range(n)))
        self.tags += n
        for i in range(n):
            self.answer("a%d" % (first + i))

    def rest(self):
        time.sleep(rnd.choice([0, 0, 0.001, 0.004, 0.02]))

    def step(self):
        if self.idle and rnd.random() < 0.6:
            return
        if self.idle:
            self.idle_end()
        if rnd.random() < 0.35:
            if rnd.random() < 0.2:  # DONE with it, in one piece
                self.tags += 1
                self.send("a%d IDLE\r\nDONE\r\n" % self.tags)
                self.answer("a%d" % self.tags)
            self.idle_begin()
            return
        for _ in range(rnd.randint(0, 2)):
            rnd.choice([self.store, self.store, self.expunge, self.copy,
                        self.append, self.save, self.select_again, self.burst,
                        self.rest, self.rest])()

    # ---- what it sees ----

    def compare(self, truth, observer):
        """Sequence numbers first, as they were told; then all of it."""
        if self.idle:
            self.compare_idle(truth, observer)
            return
        if self.picture:
            self.by_number("FETCH 1:* (UID FLAGS)")
        self.check_saved(truth)
        for _ in range(3):
            self.ask("NOOP")
            if self.like(truth) is None:
                return
            if len(self.picture) > 0:
                self.by_number("FETCH 1:* (UID FLAGS)")
        if self.knows_more(truth, observer):
            return
        complain(self, "after NOOP: %s" % self.like(truth))
        self.picture = []
        raise Lost("%s: starts anew" % self)

    def knows_more(self, truth, observer, strict=True):
        """A stranger's rename in the middle of one of ours is seen by the look
        that is owed, seconds later: this client may be the one that took it."""
        now = observer.truth()
        if now == truth or self.like(now, strict) is not None:
            return False
        count("owed look")
        return True

    def compare_idle(self, truth, observer):
        end = time.monotonic() + 8
        while self.like(truth, strict=False) is not None:
            left = end - time.monotonic()
            one = self.line(max(0, left)) if left > 0 else None
            if one is None:
                if self.knows_more(truth, observer, strict=False):
                    return
                complain(self, "in IDLE: %s" % self.like(truth, False))
                raise Lost("%s: starts anew" % self)
            if one.startswith("* BYE"):
                raise Lost("%s: %s" % (self, one))
            self.untagged(one)

    def like(self, truth, strict=True):
        """None, or what differs."""
        if len(self.picture) != len(truth):
            return "%d messages, want %d" % (len(self.picture), len(truth))
        for n, ((uid, flags), want) in enumerate(
                zip(self.picture, sorted(truth))):
            if uid is None and not strict:
                continue
            if uid != want:
                return "%d is UID %s, want %d" % (n + 1, uid, want)
            if flags is None and not strict:
                continue
            if flags is None or flags - {"\\recent"} != truth[want]:
                return "flags of UID %d: %s, want %s" % (
                    uid, flags and sorted(flags), sorted(truth[want]))
        return None


# ---- strangers ----

made = 0


def deliver(box=BOX):
    global made
    made += 1
    name = "%d.P%dQ%d.stranger" % (time.time(), os.getpid(), made)
    st = os.stat(BOX)
    with open(box + "/tmp/" + name, "w") as f:
        os.fchown(f.fileno(), st.st_uid, st.st_gid)
        f.write("Subject: %d\n\ntext\n" % made)
    os.rename(box + "/tmp/" + name, box + "/new/" + name)
    count("delivery")


def check_disk(observer):
    """In the end what is told is what the names of the files say."""
    letters = {"F": "\\flagged", "R": "\\answered", "S": "\\seen",
               "T": "\\deleted", "D": "\\draft"}
    end = time.monotonic() + 5  # a look is owed for 2 s at most
    while True:
        uids = {}
        with open(BOX + "/courierimapuiddb") as f:
            for one in f.readlines()[1:]:
                uid, name = one.split(None, 1)
                uids[name.rstrip().partition(":2,")[0]] = int(uid)
        want = {}
        for _, f in files():
            base, _, flags = f.partition(":2,")
            want[uids.get(base)] = {letters[c] for c in flags if c in letters}
        told = {uid: {f for f in flags if f[0] == "\\"}
                for uid, flags in observer.truth().items()}
        if told == want:
            return
        if time.monotonic() > end:
            complain("the disk", "told %s, want %s" % tuple(
                {u: f for u, f in one.items() if other.get(u) != f}
                for one, other in ((told, want), (want, told))))
            return
        time.sleep(0.2)


def files(box=BOX):
    return [(d, f) for d in ("cur", "new") for f in os.listdir(box + "/" + d)]


def meddle():
    """A stranger's rename or unlink; somebody else may be quicker."""
    d, f = rnd.choice(files())
    base, _, flags = f.partition(":2,")
    try:
        if rnd.random() < 0.3:
            if len(files()) > 12:
                os.unlink("%s/%s/%s" % (BOX, d, f))
                count("foreign unlink")
            return
        flags = set(flags) ^ {rnd.choice("FRST")}
        os.rename("%s/%s/%s" % (BOX, d, f), "%s/cur/%s:2,%s" % (
            BOX, base, "".join(sorted(flags))))
        count("foreign flags")
    except FileNotFoundError:
        pass


class Actor(Stream):
    """Works in the other folders, by IMAP or as a stranger."""

    MOST = 6

    def __init__(self):
        super().__init__("actor", frozenset())
        self.ok("NOOP")

    def names(self):
        return sorted(d[1:] for d in os.listdir(BOX)
                      if d.startswith(".g"))

    def step(self):
        global made
        some = self.names()
        made += 1
        if len(some) < 2 or (len(some) < self.MOST and rnd.random() < 0.3):
            rnd.choice([self.create, self.mkdir])("g%d" % made)
            return
        one = rnd.choice(some)
        rnd.choice([self.append] * 3 + [self.work] * 4 + [self.deliver] * 3 +
                   [self.rename, self.mv, self.delete, self.rmtree])(one)

    def append(self, box):
        body = "Subject: appended\r\n\r\ntext\r\n"
        self.ok("APPEND INBOX.%s {%d+}\r\n%s" % (box, len(body), body))
        count("append elsewhere")

    def work(self, box):
        self.ok("SELECT INBOX." + box)
        self.ask("STORE 1 %sFLAGS (%s)" % (rnd.choice("+-"), rnd.choice(
            ["\\Seen", "\\Flagged", "\\Deleted", "$One"])))
        self.ok(rnd.choice(["EXPUNGE", "NOOP", "CHECK"]))
        self.ok(rnd.choice(["UNSELECT", "CLOSE"]))
        count("work elsewhere")

    def deliver(self, box):
        for _ in range(rnd.choice([1, 1, 2])):
            deliver("%s/.%s" % (BOX, box))

    def create(self, box):
        self.ok("CREATE INBOX." + box)
        count("create")

    def mkdir(self, box):
        st = os.stat(BOX)
        for sub in ("", "/cur", "/new", "/tmp"):
            os.mkdir("%s/.%s%s" % (BOX, box, sub), 0o700)
            os.chown("%s/.%s%s" % (BOX, box, sub), st.st_uid, st.st_gid)
        count("foreign folder")

    def rename(self, box):
        self.ok("RENAME INBOX.%s INBOX.%sr" % (box, box))
        count("rename")

    def mv(self, box):
        os.rename("%s/.%s" % (BOX, box), "%s/.%sm" % (BOX, box))
        count("foreign rename")

    def delete(self, box):
        self.ok("DELETE INBOX." + box)
        count("delete")

    def rmtree(self, box):
        shutil.rmtree("%s/.%s" % (BOX, box))
        count("foreign removal")


class Observer(Stream):
    """The truth: a client that has just come."""

    def __init__(self):
        super().__init__("observer", frozenset())

    def other_boxes(self):
        """Name: what STATUS says, of all folders."""
        found = {}
        for one in self.ok('LIST "" "*"'):
            box = re.match(r'\* LIST .* "\." "([^"]+)"$', one)
            if not box or "\\Noselect" in one:
                continue
            found[box[1]] = self.status(box[1])
        return found

    def status(self, box):
        path = BOX + box[5:].replace(".", "/.", 1)
        for _ in range(20):
            said = status_of("\n".join(self.ok(
                'STATUS "%s" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN'
                " HIGHESTMODSEQ)" % box)))
            # (names on the disk are UTF-8, those that we fill are ASCII)
            if "&" in box or said["MESSAGES"] == len(files(path)):
                return said
            time.sleep(0.05)
        complain(self, "%s: %s, %d files" % (box, said, len(files(path))))
        return said

    def truth(self):
        for _ in range(20):
            self.found, self.n = {}, 0
            self.ok("EXAMINE INBOX")
            if self.n:
                self.ok("FETCH 1:* (UID FLAGS)")
            self.ok("UNSELECT")
            if len(files()) == self.n == len(self.found):
                return self.found
            time.sleep(0.05)
        complain(self, "%d messages, %d files" % (self.n, len(files())))
        return self.found

    def untagged(self, one):
        found = re.match(r"\* (\d+) EXISTS", one)
        if found:
            self.n = int(found[1])
        found = re.match(r"\* \d+ FETCH .*UID (\d+)", one)
        if found:
            flags = re.search(r"FLAGS \(([^)]*)\)", one)[1].lower().split()
            self.found[int(found[1])] = set(flags) - {"\\recent"}


KINDS = ["", "tls", "compress", "tls compress", "readonly", "condstore",
         "tls qresync", "utf8", "qresync compress", "rev2 tls", "notify",
         "readonly qresync", "notify delayed tls", "notify qresync compress",
         "listener", "listener tls"]


def one_owner(clients):
    """A message is \\Recent to one client that may write, at most."""
    owner = {}
    for c in clients:
        for uid in c.recent if "readonly" not in c.kind else ():
            if uid in owner:
                complain(c, "UID %d is recent for %s, too" % (
                    uid, owner[uid].name))
            owner[uid] = c


# ---- the killer, and what is left ----

SERVANTS = ["worker", "watch", "spawner", "template", "auth"]


def processes():
    """(pid, role) of all beneath the master."""
    found, todo = [(MASTER, "master")], [MASTER]
    while todo:
        pid = todo.pop()
        try:
            with open("/proc/%s/task/%s/children" % (pid, pid)) as f:
                children = f.read().split()
        except OSError:
            continue
        for child in children:
            todo.append(child)
            try:
                with open("/proc/%s/cmdline" % child) as f:
                    title = f.read().replace("\0", " ")
            except OSError:
                continue
            found.append((child, title.partition(": ")[2].split(" ")[0]))
    return found


class Killer(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.killed = {}
        self.over, self.rnd = threading.Event(), random.Random(SEED + 1)

    def run(self):
        while not self.over.wait(self.rnd.uniform(0.05, 0.5)):
            role = self.rnd.choice(["session"] * 8 + SERVANTS[:3] * 2 +
                                   SERVANTS[3:])
            some = [p for p, r in processes()
                    if (r == role or (role == "session" and
                                      r not in SERVANTS + ["master", "log",
                                                           "pam"]))]
            # who dies soon again and again is started later and later
            if some and self.may(role):
                try:
                    os.kill(int(self.rnd.choice(some)), signal.SIGKILL)
                    count("%s killed" % role)
                except OSError:
                    pass


    def may(self, role):
        if role not in SERVANTS:
            return True
        now, past = time.monotonic(), self.killed.setdefault(role, [])
        past[:] = [t for t in past if t > now - 90]
        past.append(now)
        return len(past) <= 2


def holdings():
    """By role: the most descriptors and inotify watches of a process."""
    most = {}
    for pid, role in processes():
        if role not in SERVANTS + ["master", "log"]:
            continue  # spares and sessions
        fds = len(glob.glob("/proc/%s/fd/*" % pid))
        watches = 0
        for info in glob.glob("/proc/%s/fdinfo/*" % pid):
            try:
                with open(info) as f:
                    watches += f.read().count("inotify wd:")
            except OSError:
                pass
        was = most.get(role, (0, 0))
        most[role] = (max(was[0], fds), max(was[1], watches))
    return most


def check_left(before):
    """When the last session has gone everything is as it was."""
    now, end = {}, time.monotonic() + 15
    while time.monotonic() < end:
        now = holdings()
        if all(now.get(role) == before[role] for role in before):
            break
        time.sleep(0.3)
    for role in sorted(set(before) | set(now)):
        if now.get(role) != before.get(role):
            complain(role, "(descriptors, watches) %s, was %s" % (
                now.get(role), before.get(role)))


def check_places():
    """MAXPERUSER clients find a place, and no more."""
    some = []
    try:
        for _ in range(MAXPERUSER):
            some.append(Stream("last", frozenset()))
    except Lost as e:
        complain("places", "%d of %d: %s" % (len(some), MAXPERUSER, e))
        return
    try:
        some.append(Stream("one more", frozenset()))
        complain("places", "more than %d" % MAXPERUSER)
    except Lost:
        pass


def anew(make):
    """Makes a client; while servants are killed it may take some time."""
    for _ in range(100 if MASTER else 1):
        try:
            return make()
        except (Lost, OSError) as e:
            last = e
            time.sleep(0.1)
    raise Lost("cannot log in: %s" % last)


def lose(c, steps, e):
    if MASTER is None:
        complain(c or "a client", "step %d: %s" % (steps, e))
    count("lost")


def newcomer(i):
    kind = frozenset(KINDS[i].split())
    return (Listener if "listener" in kind else Client)("c%d" % i, kind)


def main():
    clients = [None] * len(KINDS)
    before = killer = None
    if MASTER:
        anew(Observer).s.close()
        time.sleep(3)  # its session has gone
        before, killer = holdings(), Killer()
        killer.start()
    observer, actor, steps = anew(Observer), anew(Actor), 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        steps += 1
        for i, c in enumerate(clients):
            try:
                if c is None or rnd.random() < 0.02:
                    if c is not None:  # gone without a word
                        c.s.close()
                    clients[i] = None
                    clients[i] = anew(lambda: newcomer(i))
                elif rnd.random() < 0.5:
                    c.step()
                if rnd.random() < 0.1:
                    rnd.choice([deliver, meddle, meddle])()
            except (Lost, OSError, zlib.error) as e:
                lose(c, steps, e)
                clients[i] = None
        if rnd.random() < 0.5:
            rnd.choice([deliver, meddle, meddle])()
        try:
            for _ in range(rnd.randint(0, 3)):
                actor.step()
        except (Lost, OSError) as e:
            lose(actor, steps, e)
            actor = anew(Actor)
        try:
            truth = observer.truth()
            boxes = observer.other_boxes()
        except (Lost, OSError) as e:
            lose(observer, steps, e)
            observer = anew(Observer)
            continue
        for i, c in enumerate(clients):
            try:
                if c is not None:
                    c.compare(truth, observer)
                if c is not None and c.kind & {"notify", "listener"}:
                    c.compare_boxes(boxes, observer)
            except (Lost, OSError, zlib.error) as e:
                lose(c, steps, e)
                clients[i] = None
        one_owner([c for c in clients if isinstance(c, Client)])
    if MASTER is None:
        check_disk(observer)
    else:
        killer.over.set()
        killer.join()
        for c in clients + [observer, actor]:
            if c is not None:
                c.s.close()
        gc.collect()  # clients that were lost on their way in
        check_left(before)
        check_places()
    print("= seed %d: %d steps, %d complaints, %s" % (
        SEED, steps, complaints,
        ", ".join("%d %s" % (n, what) for what, n in sorted(counts.items()))))
    sys.exit(complaints > 0)


main()
