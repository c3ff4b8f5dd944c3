"""Hostile clients against a running server, and an honest one beside them.

hostile.py PORT SSLPORT PATIENCE CONNECTIONS MAILDIR MASTER: bounded bursts; what is asserted
is that the offender is answered as it should be and that the honest client is
served, with its slowest answer of each part told and at most PATIENCE seconds.
CONNECTIONS: how many a flood has. MASTER: its process. Prints "ok NAME" and "not ok NAME"
lines. The names of the cases are those of t/cases.md.
"""

import os
import select
import socket
import ssl
import sys
import threading
import time

PORT, SSLPORT = int(sys.argv[1]), int(sys.argv[2])
PATIENCE = float(sys.argv[3])
FLOOD, MAILDIR, MASTER = int(sys.argv[4]), sys.argv[5], int(sys.argv[6])


def check(good, name):
    print(("ok " if good else "not ok ") + name, flush=True)


def context(**kw):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    for key, value in kw.items():
        setattr(c, key, value)
    return c


class Client:
    def __init__(self, source="127.0.0.1", tls=False, login=True):
        s = socket.create_connection(
            ("127.0.0.1", SSLPORT if tls else PORT), 60, (source, 0))
        self.s = context().wrap_socket(s) if tls else s
        self.f = self.s.makefile("rb")
        self.greeting = self.f.readline()
        if login:
            self.ask(b"LOGIN demo demo")

    def answer(self, tag=b"t"):
        while True:
            try:
                got = self.f.readline()
            except OSError:
                return b""
            if got == b"" or got.startswith(tag + b" "):
                return got

    def ask(self, text, tag=b"t"):
        try:
            self.s.sendall(tag + b" " + text + b"\r\n")
        except OSError:
            return b""
        return self.answer(tag)

    def close(self):
        self.f.close()
        self.s.close()


class Honest(threading.Thread):
    """NOOP ten times a second, a login every second; the slowest of each."""

    def __init__(self):
        super().__init__(daemon=True)
        self.running, self.failed = True, 0
        self.noop = self.login = 0.0
        self.c = Client()

    def run(self):
        n = 0
        while self.running:
            begun = time.monotonic()
            good = self.c.ask(b"NOOP").startswith(b"t OK")
            self.noop = max(self.noop, time.monotonic() - begun)
            if n % 10 == 0:
                begun = time.monotonic()
                try:
                    c = Client(login=False)
                    good = c.ask(b"LOGIN demo demo").startswith(
                        b"t OK") and good
                    c.close()
                except OSError:
                    good = False
                self.login = max(self.login, time.monotonic() - begun)
            self.failed += 0 if good else 1
            n += 1
            time.sleep(0.1)

    def part(self, name):
        """What was measured since the last part."""
        noop, login, failed = self.noop, self.login, self.failed
        self.noop, self.login, self.failed = 0.0, 0.0, 0
        check(failed == 0 and noop <= PATIENCE and login <= PATIENCE,
              "%s: an honest client is served (NOOP %.2f s, login %.2f s, "
              "%d failed)" % (name, noop, login, failed))


def read_all(s, seconds):
    """All that comes until the end, or so many seconds without anything."""
    got = b""
    s.settimeout(seconds)
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return got, True
            got += more
    except OSError:
        return got, False


def starttls_injection():
    """A1, A2: what follows STARTTLS in the clear is never run."""
    text = b"a STARTTLS\r\nb LOGIN demo demo\r\nc SELECT INBOX\r\n"
    good = True
    for at in list(range(1, len(text), 4)) + [len(text)]:
        s = socket.create_connection(("127.0.0.1", PORT), 30)
        s.recv(4096)
        s.sendall(text[:at])
        if at < len(text):
            time.sleep(0.01)
            s.sendall(text[at:])
        got = s.recv(4096)
        if not got.startswith(b"a OK"):
            good = False
        if b"\r\nb " in got or b"\r\nc " in got:
            good = False
        try:
            t = context().wrap_socket(s)
            t.sendall(b"d CAPABILITY\r\n")
            got = t.recv(4096)
            good = good and b"d OK" in got and b"b OK" not in got
            t.sendall(b"e SELECT INBOX\r\n")
            good = good and b"e BAD" in t.recv(4096)
        except (OSError, ssl.SSLError):
            pass  # cut off: as well
        s.close()
    check(good, "A1 A2: STARTTLS with commands behind it, at all splits")
    bad = [b"a STARTTLS x", b"a STARTTLS ", b"a {8}\r\nSTARTTLS"]
    for line in bad:
        s = socket.create_connection(("127.0.0.1", PORT), 30)
        s.recv(4096)
        s.sendall(line + b"\r\n")
        good = good and b"BAD" in s.recv(4096)
        s.close()
    check(good, "A2: malformed STARTTLS is BAD")
    c = Client(tls=True)
    good = c.greeting.startswith(b"* OK")
    for text in (b"STARTTLS", b"LOGIN demo demo", b"AUTHENTICATE PLAIN"):
        good = good and c.ask(text).startswith(b"t BAD")
    c.close()
    check(good, "A3: no STARTTLS, LOGIN, AUTHENTICATE once logged in")


def torn_append(maildir):
    """A4: half a message is none."""
    c = Client(tls=True)
    c.s.sendall(b"t APPEND INBOX {1000+}\r\n" + b"x" * 500)
    raw = socket.socket(fileno=os.dup(c.s.fileno()))
    try:
        c.s.unwrap()
    except (OSError, ssl.SSLError):
        pass
    try:
        raw.sendall(b"x" * 500 + b"\r\nu DELETE INBOX.Sent\r\n")
    except OSError:
        pass
    _, ended = read_all(raw, 20)
    raw.close()
    c.close()
    time.sleep(1)
    left = [f for f in os.listdir(maildir + "/tmp")
            if not f.endswith(".lock")]
    check(ended and left == [],
          "A4: close_notify inside of an APPEND, then clear text")


def cross_protocol():
    """A6: other protocols are shown the door, and ALPN is imap."""
    good = True
    for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"EHLO evil\r\n",
                 b"SSH-2.0-x\r\n", b"POST /x HTTP/1.0\r\n\r\n",
                 os.urandom(1024)):
        s = socket.create_connection(("127.0.0.1", PORT), 30)
        s.recv(4096)
        s.sendall(text)
        got, ended = read_all(s, 10)
        good = good and ended and text.split()[0] not in got
        s.close()
    check(good, "A6: HTTP, SMTP, SSH and noise: closed, nothing echoed")
    for words, fine in ((["imap"], True), (["http/1.1"], False)):
        c = context()
        c.set_alpn_protocols(words)
        try:
            s = c.wrap_socket(
                socket.create_connection(("127.0.0.1", SSLPORT), 30))
            fine = fine and s.recv(64).startswith(b"* OK")
            s.close()
        except (OSError, ssl.SSLError):
            fine = not fine
        check(fine, "A6: ALPN %s" % words[0])


def server_names():
    """A5: names that are none."""
    good = True
    for name in ("x" * 63 + "." + "y" * 63, "..", "a\\", "localhost", "*"):
        try:
            s = context().wrap_socket(
                socket.create_connection(("127.0.0.1", SSLPORT), 30),
                server_hostname=name)
            good = good and s.recv(64).startswith(b"* OK")
            s.close()
        except (OSError, ValueError, ssl.SSLError):
            pass  # an alert, or Python's own refusal
    check(good, "A5: odd server names")


def bombs():
    """A13, A15, A16, B7: deep, wide and endless commands."""
    deep = [b"SEARCH " + b"(" * 60000, b"SEARCH " + b")" * 60000,
            b"SEARCH " + b"NOT " * 15000 + b"ALL",
            b"SEARCH " + b"OR " * 15000,
            b"FETCH 1 " + b"(" * 60000, b"STORE 1 FLAGS " + b"(" * 60000,
            b'LIST "" ' + b"(" * 60000, b"STATUS INBOX " + b"(" * 60000,
            b"SORT " + b"(" * 60000, b"THREAD REFERENCES UTF-8 " +
            b"(" * 60000, b"ID " + b"(" * 60000,
            b"FETCH 1 BODY[" + b"1." * 30000 + b"1]",
            b"FETCH " + b"1:*," * 15000 + b"1 UID",
            b"FETCH 1 BODY[]<4294967295.4294967295>",
            b"FETCH 0 UID", b"FETCH 4294967296 UID",
            b"SEARCH LARGER 99999999999999999999",
            b"SEARCH SINCE 31-Feb-2020"]
    c = Client()
    c.ask(b"SELECT INBOX")
    slowest, good = 0.0, True
    for text in deep:
        begun = time.monotonic()
        got = c.ask(text)
        slowest = max(slowest, time.monotonic() - begun)
        if not got:  # BYE: the next one
            c.close()
            c = Client()
            c.ask(b"SELECT INBOX")
        elif got.startswith(b"t OK") and b"<4294967295" not in text and \
                b"1:*" not in text:
            good = False
            print("# taken: %r" % text[:40])
        c.ask(b"NOOP")
    check(good and c.ask(b"NOOP").startswith(b"t OK"),
          "A13 A15 A16: bombs are refused (slowest %.2f s)" % slowest)
    begun = time.monotonic()
    c.ask(b'LIST "" "*a*a*a*a*a*a*a*a*a*a*a*ax"')
    c.ask(b'LIST "" "' + b"%*" * 60 + b'"')
    check(time.monotonic() - begun <= PATIENCE,
          "B9: LIST with many stars (%.2f s)" % (time.monotonic() - begun))
    c.s.sendall(b"t NOOP\r\n" * 20000)
    c.s.settimeout(60)
    n = 0
    while n < 20000 and c.answer().startswith(b"t OK"):
        n += 1
    check(n == 20000, "B7: 20,000 commands sent at once")
    c.close()


def slowloris(honest):
    """B2: the deadline of the login is not moved by bytes."""
    slow = []
    for i in range(8):
        s = socket.create_connection(
            ("127.0.0.1", PORT if i % 2 else SSLPORT), 30, ("127.0.2.1", 0))
        slow.append(s)
    begun = time.monotonic()
    text = {0: b"\x16\x03\x01\x02\x00" + b"\x01" * 60,
            1: b"a LOGIN {1000}\r\n" + b"x" * 60}
    alive, n = list(slow), 0
    while alive and time.monotonic() - begun < 30:
        for i, s in enumerate(slow):
            if s not in alive:
                continue
            try:
                s.sendall(text[i % 2][n % 60:n % 60 + 1])
                while select.select([s], [], [], 0)[0]:
                    if not s.recv(4096):
                        raise OSError
            except OSError:
                alive.remove(s)
        n += 1
        time.sleep(0.2)
    took = time.monotonic() - begun
    for s in slow:
        s.close()
    check(not alive, "B2: drips in handshake and LOGIN end at the deadline "
          "(%.1f s)" % took)
    honest.part("B2")


def connect(address, many, out, rcvbuf=None):
    for _ in range(many):
        s = socket.socket()
        if rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        try:
            s.bind((address, 0))
            s.settimeout(10)
            s.connect(("127.0.0.1", PORT))
            out.append(s)
        except OSError:
            s.close()


def stranger():
    """A login from an address that nobody trusts, as a client tries it: again
    when it is refused. Seconds, and how often it was refused."""
    begun, refused = time.monotonic(), 0
    while time.monotonic() - begun < 60:
        try:
            c = Client("127.0.5.1", login=False)
            good = c.ask(b"LOGIN demo demo").startswith(b"t OK")
            c.close()
            if good:
                return time.monotonic() - begun, refused
        except OSError:
            pass
        refused += 1
        time.sleep(0.5)
    return time.monotonic() - begun, refused


def resident():
    """kB of the workers in all."""
    kb = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                if not f.read().startswith(b"imapd-worker"):
                    continue
            with open("/proc/%s/stat" % pid) as f:
                if int(f.read().rsplit(")", 1)[1].split()[1]) != MASTER:
                    continue
            with open("/proc/%s/status" % pid) as f:
                kb += int(f.read().split("VmRSS:")[1].split()[0])
        except OSError:
            pass
    return kb


def flood(honest):
    """B1: from one address, then from ten a connection each of many."""
    conns = []
    connect("127.0.3.1", FLOOD, conns)
    time.sleep(1)
    alive = 0
    for s in conns:
        s.setblocking(False)
        try:
            got = s.recv(4096)
            alive += got.startswith(b"* OK")
        except OSError:
            pass
        s.close()
    check(0 < alive <= 40, "B1: %d connections of one address, %d are let in"
          % (len(conns), alive))
    honest.part("B1, one address")
    conns, threads = [], []
    for i in range(FLOOD // 10):
        threads.append(threading.Thread(target=connect, args=(
            "127.0.%d.%d" % (10 + i // 250, 1 + i % 250), 10, conns)))
        threads[-1].start()
    for t in threads:
        t.join()
    time.sleep(3.5)  # by now the oldest have had their time
    took, refused = stranger()
    check(took <= 2 * PATIENCE,
          "B1: a stranger logs in beside them (%.2f s, refused %d times)"
          % (took, refused))
    honest.part("B1, %d of %d addresses" % (len(conns), FLOOD // 10))
    kb = resident()
    check(kb < 65536 + 20 * len(conns), "B1: the workers have %d kB" % kb)
    gone = 0
    for s in conns:
        s.setblocking(False)
        try:
            got = s.recv(4096)
            while got and b"* BYE" not in got:
                got = s.recv(4096)
            gone += 1
        except OSError:
            pass
        s.close()
    check(gone > 0, "B1: %d of them were refused or made place" % gone)


def never_reading(honest):
    """B3, B12: who takes no bytes holds nobody else."""
    lazy = []
    for i in range(6):
        c = Client(source="127.0.6.%d" % (i + 1), tls=i % 2 == 1)
        c.ask(b"SELECT INBOX")
        c.s.sendall(b"t FETCH 1:* BODY.PEEK[]\r\n" * 400)
        lazy.append(c)
    time.sleep(1)
    other = Client()
    begun = time.monotonic()
    good = other.ask(b"APPEND INBOX {4+}\r\na: b").startswith(b"t OK") and \
        other.ask(b"SELECT INBOX").startswith(b"t OK") and \
        other.ask(b"EXPUNGE").startswith(b"t OK")
    took = time.monotonic() - begun
    check(good and took <= PATIENCE,
          "B13: no lock is held for who does not read (%.2f s)" % took)
    honest.part("B3 B12")
    other.close()
    for c in lazy:
        c.close()


def main():
    honest = Honest()
    honest.start()
    starttls_injection()
    torn_append(MAILDIR)
    cross_protocol()
    server_names()
    bombs()
    honest.part("A")
    slowloris(honest)
    flood(honest)
    never_reading(honest)
    honest.running = False
    honest.join(60)


main()
