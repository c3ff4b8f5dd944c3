"""Clients of every kind on one folder, strangers beside them, the index removed
under the server: each client must end with what is in the Maildir. A model of
what RFC 3501, 7162 and 2177 let a client believe; no library, so that nothing
is hidden. random_game.py SITE PORT UID SEED SECONDS"""
import os
import random
import re
import socket
import sys
import time

SITE, PORT, OWNER = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SEED, SECONDS = int(sys.argv[4]), float(sys.argv[5])
BOX = SITE + "/mail/demo/Maildir"
INDEX = BOX + "/corkboard/index"
dice = random.Random(SEED)
LETTERS = {"D": r"\Draft", "F": r"\Flagged", "R": r"\Answered", "S": r"\Seen",
           "T": r"\Deleted"}
WORDS = ["$Work", "$Home"]
told = {"uidvalidity": None, "high": 0, "losses": 0, "ended": 0}
born, dead = {}, set()  # UIDs: what APPEND filed, who was told to be gone
journal = []


class Wrong(Exception):
    pass


class Ended(Wrong):
    """A client that had only a glance, or was parked, when the index was lost
    may be told to come again."""


def note(*words):
    journal.append(" ".join(str(w) for w in words))
    del journal[:-3000]


def uid_set(text):
    for part in text.split(","):
        a, _, b = part.partition(":")
        a, b = int(a), int(b or a)
        yield from range(min(a, b), max(a, b) + 1)


def as_set(uids):
    return ",".join(str(u) for u in uids)


class Client:
    """What it believes: uids by sequence number (0: not told yet), flags and
    change numbers by UID, and the number up to which it knows everything."""

    def __init__(self, number, kind):
        self.number, self.kind = number, kind  # plain, condstore, qresync
        self.flags, self.modseqs = {}, {}
        self.uidvalidity, self.high = None, 0
        self.sock = None

    def __str__(self):
        return "%d(%s)" % (self.number, self.kind)

    # ---- bytes ----

    def connect(self):
        self.sock = socket.create_connection(("127.0.0.1", PORT))
        self.sock.settimeout(30)
        self.data, self.tags, self.idle = b"", 0, None
        self.uids, self.fresh = [], 0
        self.line()
        self.command("LOGIN demo demo")
        if self.kind == "qresync":
            self.command("ENABLE QRESYNC")
        elif self.kind == "condstore":
            self.command("ENABLE CONDSTORE")

    def cut(self):
        """The line is gone; what was told and not confirmed counts not."""
        note(self, "cut")
        if self.sock:
            self.sock.close()
        self.sock = None

    def line(self):
        while b"\r\n" not in self.data:
            more = self.sock.recv(65536)
            if not more:
                raise Wrong("%s: the server ended it" % self)
            self.data += more
        text, self.data = self.data.split(b"\r\n", 1)
        text = text.decode()
        note(self, "<", text)
        return text

    def send(self, text):
        note(self, ">", text)
        self.sock.sendall(text.encode() + b"\r\n")

    def command(self, text, allow=("OK",), literal=None):
        """The tagged answer's text; untagged ones are taken in."""
        self.tags += 1
        tag = "t%d" % self.tags
        self.send("%s %s" % (tag, text))
        if literal is not None:
            while not (line := self.line()).startswith("+"):
                self.untagged(line)
            self.sock.sendall(literal + b"\r\n")
        while not (line := self.line()).startswith(tag + " "):
            self.untagged(line)
        status, _, rest = line[len(tag) + 1:].partition(" ")
        if status not in allow:
            raise Wrong("%s: %s: %s" % (self, text, line))
        self.code(rest)
        # RFC 7162 3.1.2.1: numbers count once the command is over.
        self.high = max(self.high, self.fresh)
        return status, rest

    # ---- what is told ----

    def untagged(self, line):
        m = re.match(r"\* (\d+) (EXISTS|EXPUNGE|RECENT)$", line)
        if m:
            n = int(m.group(1))
            if m.group(2) == "EXISTS":
                if n < len(self.uids):
                    raise Wrong("%s: EXISTS fell to %d" % (self, n))
                self.uids += [0] * (n - len(self.uids))
            elif m.group(2) == "EXPUNGE":
                self.gone(self.uids.pop(n - 1))
            return
        m = re.match(r"\* VANISHED (\(EARLIER\) )?([\d:,]+)$", line)
        if m:
            # A range may cover UIDs that never were.
            uids = set(uid_set(m.group(2)))
            if not m.group(1):
                self.unknown_gone(uids)
            for uid in uids & (set(self.flags) | set(self.uids)):
                if not m.group(1):
                    self.uids.remove(uid)
                self.gone(uid)
            return
        m = re.match(r"\* (\d+) FETCH \((.*)\)$", line)
        if m:
            self.fetched(int(m.group(1)), m.group(2))
        elif line.startswith("* BYE"):
            raise Ended("%s: %s" % (self, line))
        else:
            self.code(line)

    def unknown_gone(self, uids):
        """Of messages whose UID it was never told the place tells them."""
        for i in range(len(self.uids) - 1, -1, -1):
            if self.uids[i] == 0:
                lo = max([0] + [u for u in self.uids[:i] if u])
                hi = min([2 ** 32] + [u for u in self.uids[i:] if u])
                here = sorted(u for u in uids if lo < u < hi)
                if here:
                    del self.uids[i]
                    uids.discard(here[-1])

    def gone(self, uid):
        if uid:
            dead.add(uid)
            self.flags.pop(uid, None)
            self.modseqs.pop(uid, None)

    def fetched(self, seq, items):
        uid = re.search(r"\bUID (\d+)", items)
        flags = re.search(r"FLAGS \(([^)]*)\)", items)
        modseq = re.search(r"MODSEQ \((\d+)\)", items)
        if seq > len(self.uids):
            raise Wrong("%s: FETCH of %d" % (self, seq))
        if uid:
            uid = int(uid.group(1))
            if self.uids[seq - 1] not in (0, uid):
                raise Wrong("%s: %d is %d, not %d" % (
                    self, seq, self.uids[seq - 1], uid))
            self.uids[seq - 1] = uid
        uid = self.uids[seq - 1]
        if not uid:
            return
        if flags:
            self.flags[uid] = {
                f for f in flags.group(1).split() if f != r"\Recent"}
        if modseq:
            n = int(modseq.group(1))
            if n < self.modseqs.get(uid, 0):
                raise Wrong("%s: change number of %d fell" % (self, uid))
            self.modseqs[uid] = n
            self.fresh = max(self.fresh, n)
            told["high"] = max(told["high"], n)

    def code(self, text):
        m = re.search(r"HIGHESTMODSEQ (\d+)", text)
        if m:
            self.fresh = max(self.fresh, int(m.group(1)))
            told["high"] = max(told["high"], self.fresh)
        if "NOMODSEQ" in text:
            raise Wrong("%s: %s" % (self, text))
        m = re.search(r"UIDVALIDITY (\d+)", text)
        if m and told["uidvalidity"] not in (None, m.group(1)):
            raise Wrong("%s: another UIDVALIDITY" % self)
        if m:
            told["uidvalidity"] = self.uidvalidity = m.group(1)

    # ---- what it does ----

    def select(self):
        known, before = self.high, told["high"]
        self.uids, self.fresh, old = [], 0, sorted(self.flags)
        if self.kind != "qresync" or not known or dice.random() < 0.1:
            self.flags, self.modseqs, self.high = {}, {}, 0
            self.command("SELECT INBOX")
            self.learn()
        else:
            which = self.knows(old)
            self.command("SELECT INBOX (QRESYNC (%s %d%s))" % (
                self.uidvalidity, known, which))
            # What came is told by FETCH, what went by VANISHED (EARLIER); of
            # known UIDs only what concerns them (RFC 7162 3.2.5.2).
            new = len(self.uids) - len(self.flags)
            if new < 0 or (new > 0 and not which):
                raise Wrong("%s: %d messages and knows of %d" % (
                    self, len(self.uids), len(self.flags)))
            self.uids = sorted(self.flags) + [0] * new
            self.learn()
        if self.kind != "plain" and self.fresh < before:
            raise Wrong("%s: HIGHESTMODSEQ %d after %d" % (
                self, self.fresh, before))
        back = set(self.flags) & dead
        if back:
            raise Wrong("%s: UIDs came back: %s" % (self, sorted(back)))

    def knows(self, old):
        """Known UIDs, and sometimes a few pairs of number and UID."""
        if not old or dice.random() < 0.3:
            return ""
        text = " " + as_set(old)
        if dice.random() < 0.5:
            at = sorted(dice.sample(range(len(old)), min(5, len(old))))
            text += " (%s %s)" % (as_set(i + 1 for i in at),
                                  as_set(old[i] for i in at))
        return text

    def learn(self):
        """UIDs and flags of what it knows only the number of."""
        if 0 in self.uids:
            self.command("FETCH %d:* (UID FLAGS)" % (self.uids.index(0) + 1))

    def some(self):
        there = [u for u in self.uids if u]
        return sorted(dice.sample(there, min(len(there), dice.randint(1, 8))))

    def store(self):
        uids = self.some()
        if not uids:
            return
        op = dice.choice(["+", "-", ""])
        flags = dice.sample(list(LETTERS.values()), dice.randint(0, 2))
        if dice.random() < 0.15:
            flags.append(dice.choice(WORDS))
        silent = dice.random() < 0.5
        since = ""
        if self.kind != "plain" and dice.random() < 0.3:
            since = "(UNCHANGEDSINCE %d) " % self.high
        _, rest = self.command("UID STORE %s %s%sFLAGS%s (%s)" % (
            as_set(uids), since, op, ".SILENT" if silent else "",
            " ".join(flags)), ("OK", "NO"))
        if not silent:
            return
        # Its own change it is not told; who is gone, or had changed since, did
        # not take it.
        left = re.search(r"MODIFIED ([\d:,]+)", rest)
        left = set(uid_set(left.group(1))) if left else set()
        for uid in set(uids) & set(self.flags) - left:
            have = self.flags[uid]
            self.flags[uid] = (have | set(flags) if op == "+" else
                               have - set(flags) if op == "-" else set(flags))
        if rest.startswith("[EXPUNGEISSUED]"):
            self.command("NOOP")

    def append(self):
        flags = dice.sample(list(LETTERS.values()), dice.randint(0, 2))
        text = b"Subject: %d\r\n\r\ntext\r\n" % dice.randint(0, 999)
        _, rest = self.command("APPEND INBOX (%s) {%d}" % (
            " ".join(flags), len(text)), literal=text)
        uid = int(re.search(r"APPENDUID \d+ (\d+)", rest).group(1))
        if uid in born or uid in dead:
            raise Wrong("%s: UID %d a second time" % (self, uid))
        born[uid] = True

    def expunge(self):
        if len(self.uids) < 40:
            return
        uids = self.some()
        if dice.random() < 0.3:
            self.command("EXPUNGE")
        elif uids:
            self.command("UID STORE %s +FLAGS (\\Deleted)" % as_set(uids),
                         ("OK", "NO"))
            self.command("UID EXPUNGE %s" % as_set(uids))

    def copy(self):
        uids = self.some()
        if uids:
            self.command("UID %s %s INBOX.Other" % (
                "MOVE" if len(self.uids) > 60 and dice.random() < 0.3
                else "COPY", as_set(uids)), ("OK", "NO"))

    def idle_begin(self):
        self.tags += 1
        self.idle = "t%d" % self.tags
        self.send(self.idle + " IDLE")
        while not (line := self.line()).startswith("+"):
            self.untagged(line)

    def idle_end(self):
        self.send("DONE")
        while not (line := self.line()).startswith(self.idle + " "):
            self.untagged(line)
        self.code(line)
        self.high = max(self.high, self.fresh)
        self.idle = None

    def step(self):
        try:
            self.act()
        except Ended:
            if told["losses"] == 0:
                raise
            told["ended"] += 1
            self.cut()

    def step_quietly(self):
        try:
            if self.sock is None:
                self.connect()
                self.select()
            if self.idle:
                self.idle_end()
            self.command("NOOP")
            self.learn()
        except Ended:
            if told["losses"] == 0:
                raise
            told["ended"] += 1
            self.cut()

    def act(self):
        if self.sock is None:
            self.connect()
            self.select()
            return
        if self.idle:
            if dice.random() < 0.5:
                self.idle_end()
                self.learn()
            return
        what = dice.random()
        if what < 0.1:
            if dice.random() < 0.5:  # in the middle of an answer
                self.tags += 1
                self.send("t%d %s" % (self.tags, dice.choice(
                    ["NOOP", "UID FETCH 1:* (FLAGS)", "EXPUNGE",
                     "UID STORE 1:* +FLAGS (\\Seen)"])))
                time.sleep(dice.choice([0, 0.002]))
            self.cut()
        elif what < 0.15:
            self.command("UNSELECT")
            self.select()
        elif what < 0.25:
            self.idle_begin()
        else:
            dice.choice([self.store, self.store, self.store, self.append,
                         self.expunge, self.copy,
                         lambda: self.command("NOOP"),
                         lambda: self.command("CHECK")])()
            self.learn()


# ---- strangers ----

def stranger():
    names = os.listdir(BOX + "/cur")
    what = dice.random()
    if what < 0.3 or not names:
        stranger.n += 1
        name = "%d.M%d.stranger" % (1700000000 + stranger.n, SEED)
        path = "%s/tmp/%s" % (BOX, name)
        with open(path, "w") as f:
            f.write("Subject: s\n\ns\n")
        os.chown(path, OWNER, -1)
        sub = dice.choice(["new", "cur"])
        os.rename(path, "%s/%s/%s" % (BOX, sub, name))
        note("a stranger files", sub, name)
        return
    name = dice.choice(names)
    base = name.partition(":")[0]
    try:
        if what < 0.4 and len(names) > 40:
            os.unlink("%s/cur/%s" % (BOX, name))
            note("a stranger removes", name)
        else:
            os.rename("%s/cur/%s" % (BOX, name), "%s/cur/%s:2,%s" % (
                BOX, base, "".join(sorted(dice.sample("DFRS", 2)))))
            note("a stranger renames", name)
    except FileNotFoundError:
        pass  # somebody was faster


stranger.n = 0


def lose_index():
    told["losses"] += 1
    note("the index is lost")
    for name in dice.choice([["data.mdb"], ["data.mdb", "lock.mdb"],
                             ["lock.mdb"]]):
        try:
            os.unlink(INDEX + "/" + name)
        except FileNotFoundError:
            pass


# ---- the count ----

def plain():
    """UID and flags of each file, from names and the UID file alone."""
    uids = {}
    with open(BOX + "/courierimapuiddb") as f:
        next(f)
        for line in f:
            uid, _, name = line.rstrip("\n").partition(" ")
            uids[name] = int(uid)
    there = {}
    for sub in "new", "cur":
        for name in os.listdir("%s/%s" % (BOX, sub)):
            base, _, letters = name.partition(":2,")
            there[uids[base]] = {LETTERS[c] for c in letters if c in LETTERS}
    return there


def compare(client, want, words):
    mine = {u: {w for w in f if w.startswith("\\")}
            for u, f in client.flags.items()}
    if mine != want:
        raise Wrong("%s ends with something else: %s" % (client, sorted(
            (u, mine.get(u), want.get(u)) for u in set(mine) | set(want)
            if mine.get(u) != want.get(u))[:10]))
    if client.flags != words:
        raise Wrong("%s ends with other keywords" % client)
    if sorted(client.uids) != sorted(want):
        raise Wrong("%s has other numbers" % client)


def settle(clients):
    """Everybody looks, after the longest time that a look may be owed."""
    for wait in 0, 2.3, 0.1:
        time.sleep(wait)
        for c in clients:
            c.step_quietly()
    told["losses"] = 0
    for c in clients:
        c.command("NOOP")
        c.learn()
    fresh = Client(0, "condstore")
    fresh.connect()
    fresh.select()
    want = plain()
    for c in [fresh] + clients:
        compare(c, want, fresh.flags)
    fresh.cut()


def play():
    clients = [Client(i + 1, kind) for i, kind in enumerate(
        ["plain", "condstore"] * 2 + ["qresync"] * 5)]
    end = time.monotonic() + SECONDS
    clients[0].connect()
    clients[0].command("CREATE INBOX.Other")
    clients[0].cut()
    steps = counts = 0
    while time.monotonic() < end:
        for _ in range(250):
            what = dice.random()
            if what < 0.05:
                stranger()
            elif what < 0.055:
                lose_index()
            else:
                dice.choice(clients).step()
            steps += 1
            if time.monotonic() > end:
                break
        settle(clients)
        counts += 1
    return steps, counts


try:
    steps, counts = play()
    print("# seed %d: %d steps, compared %d times, %d clients came again" % (
        SEED, steps, counts, told["ended"]))
except (Wrong, OSError) as e:
    print("# seed %d: %s" % (SEED, e))
    for line in journal[-40:]:
        print("#   " + line)
    with open(SITE + "/journal", "w") as f:
        f.write("\n".join(journal))
    sys.exit(1)
