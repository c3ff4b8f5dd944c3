"""Every command in every state (case A21), as one table.

states.py PORT COMMANDS: COMMANDS is command.c, so that no command is forgotten
here. A state is a way to get there; a command is allowed there (OK or NO, or a
continuation) or BAD; nothing hangs, and the connection goes on. Prints "ok NAME"
and "not ok NAME" lines.
"""

import re
import socket
import sys

PORT = int(sys.argv[1])
NOT, AUTH, SELECTED = "before login", "logged in", "selected"
ANY = (NOT, AUTH, SELECTED)
IN = (AUTH, SELECTED)

# Command with arguments that do nobody harm, and where it is legal.
TABLE = {
    "APPEND": (b"APPEND INBOX {4+}\r\na: b", IN),
    "AUTHENTICATE": (b"AUTHENTICATE PLAIN AGRlbW8AZGVtbw==", (NOT,)),
    "CAPABILITY": (b"CAPABILITY", ANY),
    "CHECK": (b"CHECK", (SELECTED,)),
    "CLOSE": (b"CLOSE", (SELECTED,)),
    "COMPRESS": (b"COMPRESS LZW", ()),  # a word that nobody knows
    "COPY": (b"COPY 1 INBOX", (SELECTED,)),
    "CREATE": (b"CREATE INBOX.states", IN),
    "DELETE": (b"DELETE INBOX.nobody", IN),
    "ENABLE": (b"ENABLE CONDSTORE", IN),
    "ESEARCH": (b"ESEARCH IN (mailboxes INBOX) ALL", IN),
    "EXAMINE": (b"EXAMINE INBOX", IN),
    "EXPUNGE": (b"EXPUNGE", (SELECTED,)),
    "FETCH": (b"FETCH 1 UID", (SELECTED,)),
    "GETQUOTA": (b'GETQUOTA "ROOT"', IN),
    "GETQUOTAROOT": (b"GETQUOTAROOT INBOX", IN),
    "ID": (b"ID NIL", ANY),
    "IDLE": (b"IDLE", IN),
    "LIST": (b'LIST "" *', IN),
    "LOGIN": (b"LOGIN demo demo", (NOT,)),
    "LOGOUT": (b"LOGOUT", ANY),
    "LSUB": (b'LSUB "" *', IN),
    "MOVE": (b"MOVE 1 INBOX.states", (SELECTED,)),
    "NAMESPACE": (b"NAMESPACE", IN),
    "NOOP": (b"NOOP", ANY),
    "NOTIFY": (b"NOTIFY NONE", IN),
    "RENAME": (b"RENAME INBOX.nobody INBOX.other", IN),
    "SEARCH": (b"SEARCH ALL", (SELECTED,)),
    "SELECT": (b"SELECT INBOX", IN),
    "SETQUOTA": (b'SETQUOTA "ROOT" (STORAGE 1)', IN),
    "SORT": (b"SORT (DATE) UTF-8 ALL", (SELECTED,)),
    "STARTTLS": (b"STARTTLS", (NOT,)),
    "STATUS": (b"STATUS INBOX (MESSAGES)", IN),
    "STORE": (b"STORE 1 +FLAGS (\\Seen)", (SELECTED,)),
    "SUBSCRIBE": (b"SUBSCRIBE INBOX.states", IN),
    "THREAD": (b"THREAD REFERENCES UTF-8 ALL", (SELECTED,)),
    "UIDBATCHES": (b"UIDBATCHES 500", (SELECTED,)),
    "UNSELECT": (b"UNSELECT", (SELECTED,)),
    "UNSUBSCRIBE": (b"UNSUBSCRIBE INBOX.states", IN),
    "UID COPY": (b"UID COPY 1 INBOX", (SELECTED,)),
    "UID EXPUNGE": (b"UID EXPUNGE 1", (SELECTED,)),
    "UID FETCH": (b"UID FETCH 1 UID", (SELECTED,)),
    "UID MOVE": (b"UID MOVE 1 INBOX.states", (SELECTED,)),
    "UID SEARCH": (b"UID SEARCH ALL", (SELECTED,)),
    "UID SORT": (b"UID SORT (DATE) UTF-8 ALL", (SELECTED,)),
    "UID STORE": (b"UID STORE 1 +FLAGS (\\Seen)", (SELECTED,)),
    "UID THREAD": (b"UID THREAD REFERENCES UTF-8 ALL", (SELECTED,)),
    "UID NOOP": (b"UID NOOP", ()),
    "XNOBODY": (b"XNOBODY", ()),
}


def check(good, name):
    print(("ok " if good else "not ok ") + name, flush=True)


class Client:
    def __init__(self, state):
        self.s = socket.create_connection(("127.0.0.1", PORT), 30)
        self.s.settimeout(20)
        self.f = self.s.makefile("rb")
        self.f.readline()
        if state != NOT:
            self.ask(b"LOGIN demo demo")
        if state == SELECTED:
            self.ask(b"SELECT INBOX")

    def answer(self, tag=b"t"):
        """The tagged line, a continuation, b"" at the end."""
        while True:
            try:
                got = self.f.readline()
            except OSError:
                return b"hangs"
            if got == b"" or got.startswith((tag + b" ", b"+")):
                return got

    def ask(self, text, tag=b"t"):
        self.s.sendall(tag + b" " + text + b"\r\n")
        return self.answer(tag)

    def close(self):
        self.f.close()
        self.s.close()


def verdict(got):
    if got.startswith(b"+"):
        return "taken"
    word = got.split(b" ")[1:2]
    return {b"OK": "taken", b"NO": "taken", b"BAD": "BAD"}.get(
        word[0] if word else b"", "lost")


def goes_on(c, name, got):
    """Whether the connection can be used after this command."""
    if got.startswith(b"+"):
        if name != "IDLE":
            return False
        c.s.sendall(b"DONE\r\n")
        return c.answer().startswith(b"t OK")
    if name == "LOGOUT":
        return c.answer() == b""
    if name == "STARTTLS" and got.startswith(b"t OK"):
        return True
    return c.ask(b"NOOP", b"n") .startswith(b"n OK")


def plain(state):
    wrong = []
    for name, (text, where) in TABLE.items():
        c = Client(state)
        got = c.ask(text)
        want = "taken" if state in where else "BAD"
        if verdict(got) != want or not goes_on(c, name, got):
            wrong.append("%s: %r" % (name, got))
        c.close()
    for line in wrong:
        print("# " + line)
    check(not wrong, "A21: %d commands %s" % (len(TABLE), state))


def within(name, begin, end):
    """All commands where a command is under way: none may be run."""
    wrong = []
    for word, (text, _) in TABLE.items():
        c = Client(SELECTED)
        c.s.sendall(begin + b"\r\n")
        if not c.answer().startswith(b"+"):
            wrong.append(word + ": no continuation")
            c.close()
            continue
        data = b"t " + text.split(b"\r\n")[0] + b"\r\n"
        got = end(c, data)
        if got is not None:
            wrong.append("%s: %r" % (word, got))
        c.close()
    for line in wrong:
        print("# " + line)
    check(not wrong, "A21: %d commands %s" % (len(TABLE), name))


def in_idle(c, data):
    c.s.sendall(data)
    got = c.answer(b"i")
    if got.startswith(b"i BAD") and c.ask(b"NOOP", b"n").startswith(b"n OK"):
        return None
    return None if got == b"" else got


def in_literal(c, data):
    """As the text of a message: filed, not run."""
    body = b"a: b\r\n\r\n" + data
    body = body[:1000].ljust(1000, b"x")
    c.s.sendall(body + b"\r\n")
    got = c.answer(b"a")
    if not got.startswith(b"a OK"):
        return got
    got = c.ask(b"NOOP", b"n")
    return None if got.startswith(b"n OK") else got


def in_sasl():
    wrong = []
    for word, (text, _) in TABLE.items():
        c = Client(NOT)
        c.s.sendall(b"s AUTHENTICATE LOGIN\r\n")
        c.answer()
        c.s.sendall(text.split(b"\r\n")[0] + b"\r\n")
        got = c.answer(b"s")
        # It is base64 by accident, or it is none.
        if not got.startswith((b"s BAD", b"+", b"s NO")):
            wrong.append("%s: %r" % (word, got))
        c.close()
    for line in wrong:
        print("# " + line)
    check(not wrong, "A21: %d commands as a SASL response" % len(TABLE))


def main():
    rows = re.findall(r'^    \{"([A-Z]+)",', open(
        sys.argv[2], encoding="utf-8").read(), re.M)
    missing = [r for r in rows if r not in TABLE]
    check(rows and not missing, "A21: every command of the server is in the "
          "table %s" % " ".join(missing))
    c = Client(AUTH)
    c.ask(b"CREATE INBOX.states")
    c.close()
    for state in ANY:
        plain(state)
    within("inside of IDLE", b"i IDLE", in_idle)
    within("inside of an APPEND", b"a APPEND INBOX.states {1000}",
           in_literal)
    in_sasl()


main()
