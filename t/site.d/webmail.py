"""sqwebmail and IMAP on one Maildir; prints TAP.

webmail.py PORT MAILDIR: our server's account "demo" and sqwebmail's "anna" are
the same. The web server's part is played here: the CGI program is called with the
variables of RFC 3875, and links and forms are taken from its pages.
"""
import html
import imaplib
import os
import re
import subprocess
import sys
import urllib.parse

PORT, MAILDIR = int(sys.argv[1]), sys.argv[2]
CGI = "/usr/lib/courier/courier/webmail/webmail"
imaplib.Commands["IDLE"] = ("SELECTED",)
tests = 0


def ok(good, name, *why):
    global tests
    tests += 1
    print("ok" if good else "not ok", tests, "-", name, flush=True)
    if not good:
        for line in why:
            print("#", str(line)[:2000].replace("\n", " "), flush=True)


# --- the browser and its web server -------------------------------------------

def cgi(path="", query="", form=None):
    """Head and page."""
    env = {"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1",
           "SERVER_NAME": "localhost", "HTTP_HOST": "localhost",
           "SERVER_PORT": "80", "SCRIPT_NAME": "/cgi-bin/sqwebmail",
           "PATH_INFO": path, "QUERY_STRING": query,
           "REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": "GET"}
    data = b""
    if form is not None:
        data = urllib.parse.urlencode(form).encode()
        env.update(REQUEST_METHOD="POST", CONTENT_LENGTH=str(len(data)),
                   CONTENT_TYPE="application/x-www-form-urlencoded")
    done = subprocess.run([CGI], input=data, env=env, timeout=60,
                          stdout=subprocess.PIPE, check=True)
    text = done.stdout.decode("utf-8", "replace")
    moved = re.search(r"^Location: \S*?/sqwebmail(/[^?\s]*)\??(\S*)", text, re.M)
    return cgi(*moved.groups()) if moved else text


def login():
    """The path of the session."""
    done = cgi(form={"username": "anna", "password": "pw", "sameip": "1",
                     "do.login": "Login"})
    found = re.search(r"/sqwebmail(/login/anna/\w+/\d+)", done)
    ok(found, "logged in", done)
    return found.group(1)


def rows(page):
    """Of a folder's page: (file, subject, query of the link) by row."""
    out = []
    for row in re.findall(r'<tr [^>]*id="row\d+".*', page):
        files = re.search(r'name="(MOVEFILE-\d+)" value="([^"]*)"', row)
        link = re.search(r'href="[^"]*\?([^"]*form=readmsg[^"]*)"', row)
        subject = re.search(r"subject-(\w+)", row)
        out.append((files.group(1), html.unescape(files.group(2)),
                    html.unescape(link.group(1)),
                    subject and subject.group(1)))
    return out


# --- IMAP ---------------------------------------------------------------------

def client():
    c = imaplib.IMAP4("127.0.0.1", PORT)
    c.login("demo", "demo")
    return c


def subjects(c, folder):
    """UID -> (subject, flags)"""
    c.select(folder)
    _, data = c.uid("FETCH", "1:*",
                    "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    found = {}
    for item in data:
        if isinstance(item, tuple):
            head = item[0].decode()
            found[int(re.search(r"UID (\d+)", head).group(1))] = (
                re.search(rb"subject-(\w+)", item[1]).group(1).decode(),
                frozenset(re.findall(r"\\(Seen|Deleted|Flagged)", head)))
    return found


class Idler:
    """A client that waits for news."""

    def __init__(self):
        self.c = client()
        self.c.select("INBOX")
        self.c.sock.settimeout(60)
        self.c.send(b"i IDLE\r\n")
        self.until(rb"\+ ")

    def until(self, pattern):
        """Reads lines up to one that matches; it."""
        while True:
            line = self.c.readline()
            if re.match(pattern, line):
                return line
            assert line, "the server has closed"


def message(subject):
    return ("From: a@example.org\r\nTo: b@example.org\r\nSubject: %s\r\n"
            "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\nthe text of %s\r\n"
            % (subject, subject)).encode()


def deliver(subject):
    """As a mail transport agent does."""
    base = "/tmp/1700000000.M1P1Q1." + subject
    with open(MAILDIR + base, "wb") as f:
        f.write(message(subject).replace(b"\r\n", b"\n"))
    st = os.stat(MAILDIR)
    os.chown(MAILDIR + base, st.st_uid, st.st_gid)
    os.rename(MAILDIR + base, MAILDIR + base.replace("/tmp/", "/new/"))


def main():
    c = client()
    for name in "one", "two", "three", "four":
        c.append("INBOX", None, None, message("subject-" + name))
    c.create("INBOX.Work")
    idler = Idler()
    deliver("subject-five")
    idler.until(rb"\* 5 EXISTS")
    before = subjects(c, "INBOX")
    uids = {subject: uid for uid, (subject, _) in before.items()}
    ok(sorted(uids) == ["five", "four", "one", "three", "two"],
       "five messages, one of them delivered by another program", before)

    path = login()
    folder = "folder=INBOX&form=folder"
    there = rows(cgi(path, folder))
    ok(sorted(r[3] or "" for r in there) == sorted(uids),
       "sqwebmail lists what we have filed and numbered", there)
    ok(subjects(c, "INBOX") == before, "its look changes nothing",
       subjects(c, "INBOX"))
    row = {r[3]: r for r in there}
    page = cgi(path, row["two"][2])
    ok("the text of subject-two" in page, "it shows a message", page)
    idler.until(rb"\* \d+ FETCH .*\\Seen")
    ok(True, "and an idling client hears that it is read")

    def act(subject, **button):
        """Ticks the row of a message and presses a button."""
        field, file = [r for r in rows(cgi(path, folder))
                       if r[3] == subject][0][:2]
        return cgi(path, form=dict(
            {"folder": "INBOX", "form": "folderdel", "pos": "", field: file,
             field.replace("FILE", ""): "on"}, **button))

    act("three", cmddel="Delete")
    idler.until(rb"\* \d+ FETCH .*\\Deleted")
    ok(True, "it marks one as deleted, and the client hears of that")
    act("four", cmdmove="Go", moveto="INBOX.Work")
    idler.until(rb"\* \d+ FETCH .*\\Deleted")
    ok(True, "so it does with one that it moves")
    after = subjects(c, "INBOX")
    ok({uid: s for uid, (s, _) in after.items()} ==
       {uid: s for uid, (s, _) in before.items()},
       "all have the UIDs that they had", before, after)
    marked = {s for s, flags in after.values() if "Deleted" in flags}
    ok(marked == {"three", "four"} and "Seen" in after[uids["two"]][1],
       "and the flags", after)
    work, trash = subjects(c, "INBOX.Work"), subjects(c, "INBOX.Trash")
    ok([s for s, _ in work.values()] == ["four"] and
       [s for s, _ in trash.values()] == ["three"],
       "copies are in the other folder and in the trash", work, trash)

    # The other way round: what we change it shows.
    c.select("INBOX")
    c.uid("STORE", str(uids["one"]), "+FLAGS", r"(\Seen)")
    c.uid("COPY", str(uids["one"]), "INBOX.Work")
    c.uid("STORE", str(uids["five"]), "+FLAGS", r"(\Deleted)")
    c.expunge()
    there = sorted(r[3] or "" for r in rows(cgi(path, folder)))
    ok(there == ["one", "two"], "it sees what we expunge", there)
    there = rows(cgi(path, "folder=INBOX.Work&form=folder"))
    ok(sorted(r[3] or "" for r in there) == ["four", "one"] and
       subjects(c, "INBOX.Work").keys() > work.keys(),
       "and what we copy, and no UID changes", there)


main()
