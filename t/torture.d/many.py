"""Much of one thing, by sessions over pipes; prints TAP.

many.py PROGRAMS TMP EXT4: EXT4 is a folder on a file system that counts links, or
empty.
"""
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time

PROGRAMS, TMP, EXT4 = sys.argv[1:4]
SECONDS = int(os.environ.get("STORM_SECONDS", "60"))
CHILDREN = int(os.environ.get("CHILDREN", "200"))
STEP = int(os.environ.get("STEP", "1"))
RATE, WRITERS = 500, 5
tests = failed = 0


def ok(good, name, *why):
    global tests, failed
    tests += 1
    failed += not good
    print("ok" if good else "not ok", tests, "-", name, flush=True)
    for line in why if not good else ():
        print("#", str(line)[:300], flush=True)


def make(path):
    shutil.rmtree(path, ignore_errors=True)
    for sub in ("cur", "new", "tmp"):
        os.makedirs(path + "/" + sub)
    return path


class Session:
    def __init__(self, maildir, env=None):
        self.p = subprocess.Popen(
            [PROGRAMS + "/imapd", maildir], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=dict(os.environ, **(env or {})))
        self.p.stdout.readline()
        self.n = 0

    def ask(self, text):
        """The tagged answer, b"" at the end; self.lines: what came before."""
        self.n += 1
        tag = b"t%d " % self.n
        self.lines = []
        try:
            self.p.stdin.write(tag + text.encode() + b"\r\n")
            self.p.stdin.flush()
        except OSError:
            return b""
        while True:
            line = self.p.stdout.readline()
            if not line or line.startswith(tag):
                return line[len(tag):].strip()
            self.lines.append(line)

    def must(self, text):
        answer = self.ask(text)
        assert answer.startswith(b"OK"), (text, answer)
        return self.lines

    def end(self):
        self.ask("LOGOUT")
        try:
            self.p.stdin.close()
        except OSError:
            pass
        self.p.stdout.read()
        return self.p.wait()


# --- D23: a storm of deliveries -------------------------------------------------

def writer(maildir, number, ends):
    """In steady order, as an agent delivers; order is of bytes in a second."""
    start, i = time.monotonic(), 0
    while time.monotonic() < ends:
        name = "%d.M%06dP%d.storm" % (time.time(), i, number)
        with open("%s/tmp/%s" % (maildir, name), "w") as f:
            f.write("Subject: %d %d\n\nx\n" % (number, i))
        os.rename("%s/tmp/%s" % (maildir, name), "%s/new/%s" % (maildir, name))
        i += 1
        ahead = start + i * WRITERS / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
    written[number] = i


written = {}


def storm():
    maildir = make(TMP + "/storm")
    ends = time.monotonic() + SECONDS
    threads = [threading.Thread(target=writer, args=(maildir, i, ends))
               for i in range(WRITERS)]
    for thread in threads:
        thread.start()
    reader, other = Session(maildir), Session(maildir)
    for s in (reader, other):
        s.must("SELECT INBOX")
    seen, bad, last, done = {}, [], 0, False
    while True:
        reader.must("NOOP")
        lines = reader.must("UID FETCH %d:* (BODY.PEEK[HEADER.FIELDS "
                            "(SUBJECT)])" % (last + 1))
        text = b"".join(lines)
        for uid, who, i in re.findall(
                rb"FETCH \(UID (\d+).*?\r\nSubject: (\d+) (\d+)", text, re.S):
            key, uid = (int(who), int(i)), int(uid)
            if uid <= last and seen.get(key) == uid:
                continue  # "*" names the last one
            if key in seen:
                bad.append("%r is UID %d and %d" % (key, seen[key], uid))
            seen[key] = uid
        last = max([last] + list(seen.values()))
        # what was seen goes again, by the other one
        if last > 1000:
            other.must("NOOP")
            other.must("UID STORE 1:%d +FLAGS.SILENT (\\Deleted)"
                       % (last - 1000))
            other.must("EXPUNGE")
        if done:
            break
        done = not any(t.is_alive() for t in threads)
    for s in (reader, other):
        s.end()
    all_of = sum(written.values())
    for number in range(WRITERS):
        uids = [seen.get((number, i)) for i in range(written[number])]
        if None in uids:
            bad.append("writer %d: %d of %d were never seen" % (
                number, uids.count(None), len(uids)))
        elif uids != sorted(uids):
            bad.append("writer %d: not in the order of arrival" % number)
    ok(not bad and all_of > 0, "%d deliveries in %d s beneath SELECT and EXPUNGE:"
       " each once, in order" % (all_of, SECONDS), *bad[:10])


# --- D25: a full tmp ------------------------------------------------------------

def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def full_tmp():
    maildir = make(TMP + "/tmpfull")
    session = Session(maildir)
    session.must("SELECT INBOX")
    session.end()
    for i in range(100000):
        os.close(os.open("%s/tmp/%d.left" % (maildir, i),
                         os.O_CREAT | os.O_WRONLY))
    used = []
    for _ in range(3):
        before = spent()
        session = Session(maildir)
        session.must("SELECT INBOX")
        session.end()
        used.append(spent() - before)
    left = len(os.listdir(maildir + "/tmp"))
    ok(left == 100000 and max(used) < 2,
       "100,000 young files in tmp stay, and cost a login little",
       left, used)
    print("# CPU of a login: " + ", ".join("%.2f s" % u for u in used))


# --- D26: 200 children ----------------------------------------------------------

def family():
    base = make(TMP + "/family")
    s = Session(base)
    s.must("CREATE INBOX.Old")
    for i in range(CHILDREN):
        s.must("CREATE INBOX.Old.%d" % i)
        s.must("APPEND INBOX.Old.%d {1+}\r\nx" % i)
    s.must("SUBSCRIBE INBOX.Old.7")
    s.end()
    return base


def folders(maildir):
    s = Session(maildir)
    found = {}
    for line in s.must('LIST "" "*" RETURN (STATUS (MESSAGES UIDVALIDITY))'):
        m = re.match(rb'\* STATUS "?([^" ]*)"? \((.*)\)', line)
        if m:
            found[m.group(1).decode()] = m.group(2)
    s.end()
    return found


def many_children():
    base, site, count = family(), TMP + "/renamed", TMP + "/count"
    before = folders(base)
    bad, runs, n = [], 0, 1
    while True:
        shutil.rmtree(site, ignore_errors=True)
        subprocess.run(["cp", "-a", base, site], check=True)
        s = Session(site, {
            "LD_PRELOAD": os.path.abspath(PROGRAMS + "/t/crash/driver.shim.so"),
            "SHIM_COUNT": count, "SHIM_START": "t1 OK",
            "SHIM_FAULT": "0 %d 1000" % n})
        s.ask("NOOP")
        told = s.ask("RENAME INBOX.Old INBOX.Fresh")
        s.end()
        after = folders(site)
        whole = {k.replace("INBOX.Old", "INBOX.Fresh"): v
                 for k, v in before.items()}
        if after != whole and (after != before or told.startswith(b"OK")):
            bad.append("killed at %d: %d folders, %s" % (n, len(after), told))
        runs += 1
        if told:
            break  # it came to its end
        n += 1 if n < 4 else 601 * STEP
    ok(runs > 3 and told.startswith(b"OK") and not bad,
       "a folder of %d children renamed, killed at %d calls: all or nothing"
       % (CHILDREN, runs - 1), told, *bad[:10])


# --- D27: no more links ---------------------------------------------------------

def links():
    if not EXT4:
        global tests
        tests += 1
        print("ok %d - a message that can have no more links # SKIP no ext4"
              % tests)
        return
    maildir = make(EXT4 + "/Maildir")
    s = Session(maildir)
    s.must("CREATE INBOX.Dest")
    s.must("APPEND INBOX {16+}\r\nSubject: links\r\n")
    s.must("SELECT INBOX")
    name = maildir + "/cur/" + os.listdir(maildir + "/cur")[0]
    made = 0
    os.mkdir(EXT4 + "/links")
    try:
        while True:
            os.link(name, "%s/links/%d" % (EXT4, made))
            made += 1
    except OSError as e:
        why = e
    copied = s.ask("COPY 1 INBOX.Dest")
    moved = s.ask("MOVE 1 INBOX.Dest")
    s.must("SELECT INBOX.Dest")
    text = b"".join(s.must("FETCH 1:* BODY.PEEK[]"))
    s.end()
    ok(made > 1000 and copied.startswith(b"OK [COPYUID")
       and moved.startswith(b"OK") and text.count(b"Subject: links") == 2,
       "COPY and MOVE of a message with %d links are of bytes" % (made + 1),
       why, copied, moved, text)


for part in (links, many_children, full_tmp, storm):
    try:
        part()
    except Exception as e:  # noqa: B902
        ok(False, part.__name__, repr(e))
print("1..%d" % tests)
sys.exit(failed != 0)
