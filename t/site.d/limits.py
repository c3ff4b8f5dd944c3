"""Every row of the table of limits, on the wire, at -1, 0 and +1.

limits.py PORT TABLE UNITS MAILDIR: TABLE is what t/evil/limits prints; UNITS are
the texts of the unit tests, MAILDIR is the account's. A row is tried here by the function of its name, or a
unit test names it; a row that neither does has failed. A function gets n and
says whether the server took n of what the row counts. Prints "ok NAME" and
"not ok NAME" lines.
"""

import re
import socket
import sys
import time

PORT = int(sys.argv[1])
SUBSCRIBED = sys.argv[4] + "/courierimapsubscribed"
LOG = sys.argv[4].split("/mail/")[0] + "/log"
SERIAL = [0]


class Client:
    def __init__(self, login=True):
        self.s = socket.create_connection(("127.0.0.1", PORT), 30)
        self.s.settimeout(30)
        self.f = self.s.makefile("rb")
        self.line()
        if login:
            self.ask(b"LOGIN demo demo")

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        self.f.close()
        self.s.close()

    def line(self):
        try:
            return self.f.readline()
        except OSError:
            return b""

    def raw(self, data):
        try:
            self.s.sendall(data)
        except OSError:
            pass

    def answer(self, tag=b"t"):
        """The tagged line; b"" when the connection ended before it."""
        while True:
            got = self.line()
            if got == b"" or got.startswith(tag + b" "):
                return got

    def ask(self, text, tag=b"t"):
        self.raw(tag + b" " + text + b"\r\n")
        return self.answer(tag)


def taken(got):
    """Neither refused as such nor cut off."""
    return re.match(rb"\S+ (OK|NO)\b", got) is not None


def ok(got):
    return re.match(rb"\S+ OK\b", got) is not None


def before(text, tag=b"t"):
    with Client(login=False) as c:
        return taken(c.ask(text, tag))


def after(text):
    with Client() as c:
        return taken(c.ask(text))


def selected(text, what=taken):
    with Client() as c:
        c.ask(b"SELECT INBOX")
        return what(c.ask(text))


def pad(head, tail, n):
    """A text of n bytes with its tag."""
    return head + b"x" * (n - 2 - len(head) - len(tail)) + tail


def literals(sizes):
    return b" ".join(b"{%d+}\r\n" % n + b"u" * n for n in sizes)


def name():
    SERIAL[0] += 1
    return b"L%d" % SERIAL[0]


# Before login

def LOGIN_LINE_MAX(n):
    return before(pad(b'LOGIN u "', b'"', n))


def LOGIN_SASL_MAX(n):
    with Client(login=False) as c:
        c.raw(b"t AUTHENTICATE LOGIN\r\n")
        c.line()
        c.raw(b"=" * n + b"\r\n")
        got = c.line()
        return got.startswith(b"t BAD")  # heard to its end; else BYE


def LOGIN_LITERAL_MAX(n):
    with Client(login=False) as c:
        c.raw(b"t LOGIN {%d}\r\n" % n)
        return c.line().startswith(b"+")


def LOGIN_LITERALS_MAX(n):
    return before(b"ID (" + b" ".join(
        b"{1+}\r\n%c {1+}\r\nv" % (97 + i) for i in range(n // 2)) +
        (b' "x" {1+}\r\nv' if n % 2 else b"") + b")")


def LOGIN_LITERALS_SUM(n):
    """Four of the largest: one byte more is too much for two reasons."""
    sizes = [1024, 1024, 1024, n - 3072]
    got = before(b"LOGIN" + b"".join(
        b" {%d+}\r\n" % k + b"x" * k for k in sizes[:2]))
    with Client(login=False) as c:
        for k in sizes:
            c.raw((b"t LOGIN" if k is sizes[0] else b"") + b" {%d}\r\n" % k)
            if not c.line().startswith(b"+"):
                return False
            c.raw(b"x" * k)
        return got


def LOGIN_SWALLOW_MAX(n):
    with Client(login=False) as c:
        c.raw(b"t LOGIN {%d+}\r\n" % n + b"x" * n + b" y\r\n")
        c.answer()
        return ok(c.ask(b"NOOP", b"u"))


def LOGIN_SWALLOW_SUM(n):
    with Client(login=False) as c:
        c.raw(b"t LOGIN" + b"".join(
            b" {%d+}\r\n" % k + b"x" * k for k in [4000] * 4 + [n - 16000]) +
            b"\r\n")
        c.answer()
        return ok(c.ask(b"NOOP", b"u"))


def LOGIN_TAG_MAX(n):
    return before(b"NOOP", b"t" * n)


def LOGIN_PAIRS_MAX(n):
    return before(b"ID (" + b" ".join(
        b'"k%d" "v"' % i for i in range(n)) + b")")


def LOGIN_KEY_MAX(n):
    return before(b'ID ("' + b"k" * n + b'" "v")')


def LOGIN_VALUE_MAX(n):
    return before(b'ID ("k" "' + b"v" * n + b'")')


def GATE_BAD_MAX(n):
    """The connection outlives n - 1 bad commands."""
    with Client(login=False) as c:
        for _ in range(n - 1):
            c.ask(b"FROB")
        return ok(c.ask(b"NOOP", b"u"))


def GATE_FAILED_MAX(n):
    with Client(login=False) as c:
        for _ in range(n - 1):
            c.ask(b"LOGIN nobody-%s wrong" % name())
        return ok(c.ask(b"NOOP", b"u"))


def ids_told(n, login):
    """Whether the last of n IDs is in the log."""
    with Client(login) as c:
        who = name()
        for i in range(n):
            c.ask(b'ID ("name" "%s.%d.")' % (who, i))
        port = b"port=[%d]" % c.s.getsockname()[1]
        c.ask(b"LOGOUT")
    last = b"%s.%d." % (who, n - 1)
    for late in range(40):
        text = open(LOG, "rb").read()
        if last in text:
            return True
        # Its LOGOUT is there, and the other process had its time.
        if late > 10 and re.search(b"LOGOUT.*" + re.escape(port), text):
            return False
        time.sleep(0.1)
    return False


def GATE_IDS_TOLD(n):
    return ids_told(n, False)


# A command

def SESSION_IDS_TOLD(n):
    return ids_told(n, True)


def READER_LINE_MAX(n):
    return after(pad(b'STATUS "', b'" (MESSAGES)', n))


def READER_LITERAL_MAX(n):
    with Client() as c:
        c.raw(b"t STATUS {%d}\r\n" % n)
        return c.line().startswith(b"+")


def READER_LITERALS_MAX(n):
    return selected(b"SEARCH" + b"".join(
        b" SUBJECT {1+}\r\nx" for _ in range(n)))


def READER_LITERALS_SUM(n):
    sizes = [60000] * 4 + [n - 240000]
    return selected(b"SEARCH" + b"".join(
        b" SUBJECT {%d+}\r\n" % k + b"x" * k for k in sizes))


def PARSE_SEARCH_DEPTH(n):
    return selected(b"SEARCH " + b"NOT " * (n - 1) + b"ALL")


def PARSE_SEARCH_NODES(n):
    return selected(b"SEARCH" + b" ALL" * n)


def PARSE_FETCH_MAX(n):
    return selected(b"FETCH 1 (" + b" ".join([b"UID"] * n) + b")")


def PARSE_PATTERNS_MAX(n):
    return after(b'LIST "" (' + b" ".join([b"x"] * n) + b")")


def PARSE_ID_PAIRS(n):
    return after(b"ID (" + b" ".join(
        b'"k%d" "v"' % i for i in range(n)) + b")")


def PARSE_ID_KEY(n):
    return after(b'ID ("' + b"k" * n + b'" "v")')


def PARSE_ID_VALUE(n):
    return after(b'ID ("k" "' + b"v" * n + b'")')


def PARSE_SECTION_DEPTH(n):
    return selected(b"FETCH 1 BODY.PEEK[" + b".".join([b"1"] * n) + b"]")


def PARSE_FIELDS_MAX(n):
    return selected(b"FETCH 1 BODY.PEEK[HEADER.FIELDS (" +
                    b" ".join([b"x"] * n) + b")]")


def PARSE_FLAGS_MAX(n):
    return selected(b"STORE 1 FLAGS.SILENT (" +
                    b" ".join([b"\\Seen"] * n) + b")")


def PARSE_SORT_MAX(n):
    return selected(b"SORT (" + b" ".join([b"DATE"] * n) + b") UTF-8 ALL")


def SEQSET_RANGES_MAX(n):
    return selected(b"UID FETCH " + b",".join(
        b"%d" % (2 * i + 1) for i in range(n)) + b" UID")


def SESSION_BAD_MAX(n):
    with Client() as c:
        for _ in range(n - 1):
            c.ask(b"FROB")
        return ok(c.ask(b"NOOP", b"u"))


# Folders

def MAILDIR_NAME_MAX(n):
    """Of the directory: a dot before the name."""
    head = b"INBOX." + name() + b"-"
    with Client() as c:
        return ok(c.ask(b"CREATE " + head +
                        b"x" * (n - len(head) + len(b"INBOX."))))


def MAILDIR_LEVELS_MAX(n):
    with Client() as c:
        return ok(c.ask(b"CREATE INBOX." + name() + b".x" * (n - 1)))


def MAILDIR_KEYWORDS_MAX(n):
    box = b"INBOX." + name()
    with Client() as c:
        c.ask(b"CREATE " + box)
        c.ask(b"APPEND " + box + b" {4+}\r\na: b")
        c.ask(b"SELECT " + box)
        for i in range(0, n, 16):
            got = c.ask(b"STORE 1 +FLAGS.SILENT (" + b" ".join(
                b"kw%d" % k for k in range(i, min(i + 16, n))) + b")")
            if not ok(got):
                return False
        c.raw(b"u FETCH 1 FLAGS\r\n")
        return c.line().count(b"kw") == n


def MAILDIR_KEYWORD_LEN(n):
    return selected(b"STORE 1 +FLAGS.SILENT (" + b"k" * n + b")", ok)


# A message

def structure(message, part):
    """Whether BODYSTRUCTURE has so many of part."""
    box = b"INBOX." + name()
    with Client() as c:
        c.ask(b"CREATE " + box)
        c.ask(b"APPEND " + box + b" {%d+}\r\n" % len(message) + message)
        c.ask(b"SELECT " + box)
        c.raw(b"u FETCH 1 (BODYSTRUCTURE ENVELOPE)\r\n")
        return c.line().count(part)


def MIME_PARTS_MAX(n):
    """The multipart itself is one."""
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    body = b"--b\r\nContent-Type: text/x-odd\r\n\r\n\r\n" * (n - 1)
    return structure(head + body + b"--b--\r\n", b'"x-odd"') == n - 1


def MIME_PARAMS_MAX(n):
    return structure(b"Content-Type: text/plain" + b"".join(
        b';\r\n parameter%d=v' % i for i in range(n)) + b"\r\n\r\nx\r\n",
        b"arameter") == n or structure(
            b"Content-Type: text/plain" + b"".join(
                b';\r\n parameter%d=v' % i for i in range(n)) +
            b"\r\n\r\nx\r\n", b"ARAMETER") == n


def MIME_ADDRESSES_MAX(n):
    return structure(b"To: " + b",\r\n ".join([b"addressee@h"] * n) +
                     b"\r\n\r\nx\r\n", b"addressee") == n


# Questions

def NOTIFY_TEXT_MAX(n):
    """It is kept as it is printed: this one as it came."""
    head, tail = b" SET (mailboxes (", b") NONE)"
    full, rest = divmod(n - len(head + tail) - 60, 60)
    names = [b'"%s"' % (b"a" * 57)] * full + [b'"%s"' % (b"a" * (rest + 58))]
    with Client() as c:
        return ok(c.ask(b"NOTIFY" + head + b" ".join(names) + tail))


def NOTIFY_BOXES_MAX(n):
    """Those that there are, and names subscribed to of which none is there."""
    with Client() as c:
        c.raw(b't LIST "" *\r\n')
        while (got := c.line()).startswith(b"* LIST"):
            n -= b"\\Noselect" not in got
        kept = open(SUBSCRIBED, "rb").read()
        with open(SUBSCRIBED, "wb") as f:
            f.write(b"".join(b"INBOX.none%d\n" % i for i in range(n)))
        c.raw(b"t NOTIFY SET (subscribed (MessageNew MessageExpunge))\r\n")
        got = c.line()
        with open(SUBSCRIBED, "wb") as f:
            f.write(kept)
        return got.startswith(b"t OK") and b"OVERFLOW" not in got


def LIMIT_APPEND(n):
    with Client() as c:
        c.raw(b"t APPEND INBOX {%d}\r\n" % n)
        return c.line().startswith(b"+")


def main():
    units = open(sys.argv[3], encoding="utf-8").read()
    for row in open(sys.argv[2], encoding="utf-8"):
        what, value, setting = row.rstrip("\n").split("\t")
        value = int(value)
        try_it = globals().get(what)
        if try_it is not None:
            got = [try_it(n) for n in (value - 1, value, value + 1)]
            good = got == [True, True, False]
            where = "on the wire" + ("" if good else " %s" % got)
        elif setting:
            good = "LIMITS_SETTING(" in units
            where = "in a unit test"
        else:
            good = re.search(r"\b%s\b" % what, units) is not None
            where = "in a unit test"
        print("%sok limit %s %d, %s%s" % (
            "" if good else "not ", what, value, where,
            ", setting " + setting if setting else ""), flush=True)


main()
