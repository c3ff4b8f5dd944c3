"""
soak.py PORT SITE MASTER MINUTES: the soak's clients, deliveries, killer and
oracle. Prints complaints; the last line sums up. Each message says its number in
its header and has a body made from it, so that every byte can be checked.

Known to be so, whatever happens meanwhile:
  - a message whose APPEND got OK, or that a stranger delivered, is there, whole,
    until a client asks for its removal
  - what EXPUNGE or MOVE got OK for is not there under that UID
  - a UID of a UIDVALIDITY names one message for ever; UIDNEXT and HIGHESTMODSEQ
    never fall
  - no file of new/ or cur/ is cut off
"""
import imaplib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

PORT, SITE, MASTER, MINUTES = (
    int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
END = time.monotonic() + MINUTES * 60
FOLDERS = ["INBOX", "INBOX.A", "INBOX.B"]
imaplib._MAXLINE = 10_000_000
complaints = []
counts = {}
counting = threading.Lock()


def count(what, n=1):
    with counting:
        counts[what] = counts.get(what, 0) + n


def complain(text):
    with counting:
        if len(complaints) < 50:
            print(text, flush=True)
        complaints.append(text)


def body(number):
    lines = 1 + number % 40 if number % 17 else 3000
    return ("X-Soak: %d\nSubject: soak %d\nFrom: <soak@example.org>\n\n" %
            (number, number) +
            "".join("line %d of %d\n" % (i, number) for i in range(lines)) +
            "end of %d\n" % number).encode()


class Account:
    """What is known of one account, under its lock."""

    def __init__(self, number):
        self.user = "user%04d" % number
        self.dir = None
        self.lock = threading.Lock()
        self.next = number * 1_000_000
        self.sure = set()      # numbers that must be there
        self.doomed = set()    # that a client wanted gone
        self.names = {}        # (folder, uidvalidity, uid): number
        self.gone = set()      # (folder, uidvalidity, uid) told as removed
        self.marks = {}        # (folder, uidvalidity, kind): highest told

    def number(self):
        with self.lock:
            self.next += 1
            return self.next

    def named(self, folder, validity, uid, number):
        with self.lock:
            old = self.names.setdefault((folder, validity, uid), number)
            if old != number:
                complain("%s %s: UID %d was %d, is %d" %
                         (self.user, folder, uid, old, number))

    def mark(self, folder, validity, kind, value):
        with self.lock:
            key = (folder, validity, kind)
            if value < self.marks.get(key, 0):
                complain("%s %s: %s fell from %d to %d" %
                         (self.user, folder, kind, self.marks[key], value))
            self.marks[key] = max(value, self.marks.get(key, 0))


def response_number(conn, name):
    data = conn.response(name)[1]
    return int(data[0]) if data and data[0] else None


class Client(threading.Thread):
    def __init__(self, account, seed):
        super().__init__(daemon=True)
        self.account, self.rnd, self.conn = account, random.Random(seed), None
        self.folder = self.validity = None

    def run(self):
        while time.monotonic() < END:
            try:
                if self.conn is None:
                    self.conn = imaplib.IMAP4("127.0.0.1", PORT, timeout=60)
                    self.conn.login(self.account.user, "demo")
                    self.folder = None
                    count("login")
                for _ in range(self.rnd.randint(1, 30)):
                    self.step()
                if self.rnd.random() < 0.3:
                    self.conn.logout()
                    self.conn = None
            except (OSError, imaplib.IMAP4.error, EOFError) as e:
                # killed in the middle, or told BYE
                count("lost connection")
                if "timed out" in str(e):
                    complain("%s: no answer in 60 s" % self.account.user)
                self.conn = None
                time.sleep(0.05)

    def step(self):
        r = self.rnd.random()
        if self.folder is None or r < 0.15:
            self.select()
        elif r < 0.45:
            self.append()
        elif r < 0.6:
            self.look()
        elif r < 0.75:
            self.store()
        elif r < 0.87:
            self.move_or_copy()
        else:
            self.expunge()

    def select(self):
        folder = self.rnd.choice(FOLDERS)
        typ, _ = self.conn.select(folder)
        if typ != "OK":
            self.conn.create(folder)
            self.folder = None
            return
        self.folder = folder
        self.validity = response_number(self.conn, "UIDVALIDITY")
        self.account.mark(folder, self.validity, "UIDNEXT",
                          response_number(self.conn, "UIDNEXT"))
        modseq = response_number(self.conn, "HIGHESTMODSEQ")
        if modseq is not None:
            self.account.mark(folder, self.validity, "HIGHESTMODSEQ", modseq)
        count("select")

    def append(self):
        number = self.account.number()
        folder = self.rnd.choice(FOLDERS)
        typ, data = self.conn.append(
            folder, self.rnd.choice([None, "(\\Seen)", "(\\Flagged $Soak)"]),
            None, body(number).replace(b"\n", b"\r\n"))
        if typ != "OK":
            if b"TRYCREATE" in (data[0] or b""):
                self.conn.create(folder)
            return
        found = re.search(rb"APPENDUID (\d+) (\d+)", data[0] or b"")
        if found:
            self.account.named(folder, int(found[1]), int(found[2]), number)
        with self.account.lock:
            self.account.sure.add(number)
        count("append")

    def look(self):
        """(UID, number) of some messages."""
        typ, data = self.conn.uid(
            "FETCH", "1:*", "(UID FLAGS BODY.PEEK[HEADER.FIELDS (X-Soak)])")
        found = []
        for item in data or []:
            if not isinstance(item, tuple):
                continue
            uid = re.search(rb"UID (\d+)", item[0])
            number = re.search(rb"X-Soak: (\d+)", item[1])
            if uid and number:
                self.account.named(self.folder, self.validity, int(uid[1]),
                                   int(number[1]))
                found.append((int(uid[1]), int(number[1])))
        count("look")
        return found

    def store(self):
        flags = self.rnd.choice(["(\\Answered)", "($Later)", "(\\Flagged)"])
        self.conn.uid("STORE", "%d:*" % self.rnd.randint(1, 50),
                      self.rnd.choice(["+FLAGS", "-FLAGS.SILENT"]), flags)
        count("store")

    def move_or_copy(self):
        found = self.look()
        if not found:
            return
        uid, number = self.rnd.choice(found)
        to = self.rnd.choice(FOLDERS)
        if self.rnd.random() < 0.3:
            self.conn.uid("COPY", str(uid), to)
            count("copy")
            return
        key = (self.folder, self.validity, uid)
        typ, data = self.conn.uid("MOVE", str(uid), to)
        if typ == "OK" and b"COPYUID" in repr(
                [data, self.conn.response("COPYUID")]).encode():
            with self.account.lock:
                self.account.gone.add(key)
        count("move")

    def expunge(self):
        found = self.look()
        if len(found) < 5:
            return
        uid, number = self.rnd.choice(found)
        key = (self.folder, self.validity, uid)
        with self.account.lock:
            self.account.doomed.add(number)
        typ, data = self.conn.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
        if typ != "OK" or data == [None]:
            return
        typ, _ = self.conn.uid("EXPUNGE", str(uid))
        if typ == "OK":
            with self.account.lock:
                self.account.gone.add(key)
        count("expunge")


class Stranger(threading.Thread):
    """Deliveries into new/ by a program that knows nothing of us."""

    def __init__(self, accounts):
        super().__init__(daemon=True)
        self.accounts = accounts

    def run(self):
        n = 0
        while time.monotonic() < END:
            a = random.choice(self.accounts)
            number = a.number()
            n += 1
            name = "%d.P%dQ%d.stranger" % (time.time(), os.getpid(), n)
            st = os.stat(a.dir)
            with open(a.dir + "/tmp/" + name, "wb") as f:
                os.fchown(f.fileno(), st.st_uid, st.st_gid)
                f.write(body(number))
            os.rename(a.dir + "/tmp/" + name, a.dir + "/new/" + name)
            with a.lock:
                a.sure.add(number)
            count("delivery")
            time.sleep(random.random() * 0.2)


def processes():
    """(pid, role) of all beneath the master."""
    found, todo = [], [MASTER]
    while todo:
        out = subprocess.run(["pgrep", "-P", str(todo.pop())],
                             capture_output=True, text=True).stdout
        for pid in map(int, out.split()):
            todo.append(pid)
            try:
                with open("/proc/%d/cmdline" % pid) as f:
                    title = f.read().replace("\0", " ")
            except OSError:
                continue
            found.append((pid, title.partition(": ")[2].split(" ")[0]))
    return found


class Killer(threading.Thread):
    def run(self):
        n = 0
        while time.monotonic() < END - 5:
            time.sleep(random.uniform(0.3, 2))
            n += 1
            some = processes()
            kinds = ["worker", "auth", "spawner", "watch", "template", "log"]
            want = random.choice(kinds) if n % 15 == 0 else None
            victims = [p for p, role in some
                       if role == want or (want is None and
                                           role not in kinds + ["pam"])]
            if not victims:
                continue
            try:
                os.kill(random.choice(victims), signal.SIGKILL)
                count("killed " + (want or "session"))
            except OSError:
                pass


def check_tree(a):
    """Every file whole; number: how often it is there."""
    there = {}
    for dirpath, _, files in os.walk(a.dir):
        if os.path.basename(dirpath) not in ("new", "cur"):
            continue
        for name in files:
            with open(os.path.join(dirpath, name), "rb") as f:
                text = f.read()
            found = re.match(rb"X-Soak: (\d+)\n", text)
            if not found:
                if b"Subject:" not in text:
                    complain("%s/%s: no message" % (dirpath, name))
                continue
            number = int(found[1])
            if text != body(number):
                complain("%s/%s: not what was sent" % (dirpath, name))
            there[number] = there.get(number, 0) + 1
    for number in a.sure - a.doomed:
        if number not in there:
            complain("%s: message %d is lost" % (a.user, number))
    return there


def check_imap(a):
    c = Client(a, 0)
    for attempt in range(40):
        try:
            c.conn = imaplib.IMAP4("127.0.0.1", PORT, timeout=60)
            c.conn.login(a.user, "demo")
            break
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.5)
    seen = set()
    for folder in FOLDERS:
        if c.conn.select(folder)[0] != "OK":
            continue
        c.folder = folder
        c.validity = response_number(c.conn, "UIDVALIDITY")
        a.mark(folder, c.validity, "UIDNEXT",
               response_number(c.conn, "UIDNEXT"))
        for uid, number in c.look():
            seen.add(number)
            if (folder, c.validity, uid) in a.gone:
                complain("%s %s: UID %d was told as gone" %
                         (a.user, folder, uid))
    c.conn.logout()
    for number in a.sure - a.doomed - seen:
        complain("%s: message %d is not served" % (a.user, number))


def main():
    accounts = [Account(i) for i in range(1, 7)]
    for a in accounts:
        for root, dirs, _ in os.walk(SITE):
            if os.path.basename(root) == a.user and "Maildir" in dirs:
                a.dir = root + "/Maildir"
        if a.dir is None:
            sys.exit("no Maildir of " + a.user)
    threads = [Client(a, 10 * i + k)
               for i, a in enumerate(accounts) for k in range(3)]
    threads += [Stranger(accounts), Killer(daemon=True)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(max(0, END - time.monotonic()) + 90)
        if t.is_alive():
            complain("a client came to no end")
    time.sleep(2)
    there = {}
    for a in accounts:
        there.update(check_tree(a))
        check_imap(a)
    time.sleep(1)
    for pid, _ in processes():
        try:
            with open("/proc/%d/stat" % pid) as f:
                if ") Z " in f.read():
                    complain("a zombie: %d" % pid)
        except OSError:
            pass
    for what in sorted(counts):
        print("= %s: %d" % (what, counts[what]))
    print("= soak of %g min: %d commands, %d deliveries, %d kills, "
          "%d messages in the end, %d complaints" %
          (MINUTES, sum(v for k, v in counts.items()
                        if not k.startswith(("kill", "deliv", "lost"))),
           counts.get("delivery", 0),
           sum(v for k, v in counts.items() if k.startswith("kill")),
           len(there), len(complaints)))
    sys.exit(1 if complaints else 0)


main()
