"""The clients of guessers.sh: prints "ok NAME" or "not ok NAME" lines.

guessers.py PORT: 50 addresses of 127.0.1.0/24 guess 200 times in all, or with
GUESS_SECONDS for so long, 1,000 times a minute at least.
"""

import os
import socket
import sys
import threading
import time

PORT = int(sys.argv[1])
WEBMAIL = "127.0.0.1"
SECONDS = int(os.environ.get("GUESS_SECONDS", "0"))


def check(good, name):
    print(("ok " if good else "not ok ") + name, flush=True)


class Client:
    def __init__(self, address):
        self.s = socket.create_connection(
            ("127.0.0.1", PORT), 40, (address, 0))
        self.f = self.s.makefile("rb")
        self.greeting = self.f.readline().decode()

    def ask(self, line):
        """Sends a command; the tagged answer, or the last line there was."""
        self.s.sendall(("t " + line + "\r\n").encode())
        got = b""
        for got in self.f:
            if got.startswith(b"t "):
                break
        return got.decode()

    def login(self, user, password):
        begun = time.monotonic()
        got = self.ask("LOGIN %s %s" % (user, password))
        return got.startswith("t OK"), time.monotonic() - begun

    def close(self):
        self.f.close()
        self.s.close()


def once(address, user, password):
    c = Client(address)
    try:
        return c.login(user, password)
    finally:
        c.close()


def guess(address, took):
    """Four guesses, on two connections one after the other; or for SECONDS."""
    until = time.monotonic() + SECONDS
    for turn in range(1000000):
        if turn >= 2 and time.monotonic() >= until:
            return
        try:
            c = Client(address)
            for _ in range(2):
                good, seconds = c.login("demo", "guess")
                took.append((good, seconds))
            c.close()
        except OSError as e:
            took.append((str(e), 0))


def told(address, client, user, password):
    c = Client(address)
    c.ask('ID ("name" "webmail" "x-originating-ip" "%s")' % client)
    good, _ = c.login(user, password)
    c.close()
    return good


def owner(until):
    """The slowest login of each kind, tried all the time; None: one failed."""
    slowest, fresh = [0.0, 0.0, 0.0], 0
    while time.monotonic() < until:
        fresh += 1
        for i, (address, user) in enumerate((
                ("127.0.2.1", "demo"), (WEBMAIL, "other"),
                ("127.0.4.%d" % fresh, "demo"))):
            good, seconds = once(address, user, "right")
            if not good:
                return None
            slowest[i] = max(slowest[i], seconds)
        time.sleep(1)
    return slowest


def for_long():
    good, _ = once("127.0.2.1", "demo", "right")
    check(good, "the owner logs in before anything happens")
    took = []
    threads = [threading.Thread(target=guess, args=("127.0.1.%d" % i, took))
               for i in range(1, 51)]
    for t in threads:
        t.start()
    slowest = owner(time.monotonic() + SECONDS)
    for t in threads:
        t.join(120)
    rate = len(took) * 60 / SECONDS
    check(rate >= 1000 and not any(good for good, _ in took),
          "%d guesses a minute of 50 addresses, none came in" % rate)
    check(slowest is not None, "the owner and others logged in each time")
    known, other, new = slowest or [99] * 3
    check(known < 1, "from a known address within 1 s (%.2f s)" % known)
    check(other < 1, "another account from the webmail within 1 s (%.2f s)" % other)
    check(new < 15, "from a new address within 15 s (%.2f s)" % new)


def guessed():
    good, seconds = once("127.0.2.1", "demo", "right")
    check(good, "the owner logs in before anything happens (%.2f s)" % seconds)
    took = []
    threads = [threading.Thread(target=guess, args=("127.0.1.%d" % i, took))
               for i in range(1, 51)]
    for t in threads:
        t.start()
    time.sleep(0.3)
    good, seconds = once("127.0.2.1", "demo", "right")
    check(good and seconds < 1,
          "meanwhile from where he was before: within 1 s (%.2f s)" % seconds)
    good, seconds = once(WEBMAIL, "other", "right")
    check(good and seconds < 1,
          "another account from the webmail: within 1 s (%.2f s)" % seconds)
    good, seconds = once("127.0.2.2", "demo", "right")
    check(good and seconds < 15,
          "the owner from a new address: within 15 s (%.2f s)" % seconds)
    good, seconds = once("127.0.2.1", "demo", "slip")
    check(not good and seconds < 1,
          "a slip of the owner waits for his own failures only (%.2f s)"
          % seconds)
    good, seconds = once("127.0.2.1", "demo", "right")
    check(good and seconds < 1, "and then he is in (%.2f s)" % seconds)
    check(any(t.is_alive() for t in threads), "the guessing went on all along")
    for t in threads:
        t.join(60)
    check(len(took) == 200 and not any(good for good, _ in took),
          "of %d guesses none came in" % len(took))
    check(max(s for _, s in took) >= 1.5,
          "a guesser waits 7.5 times as long in the end (%.2f s)"
          % max(s for _, s in took))


def limits():
    many = [Client(WEBMAIL) for _ in range(12)]
    check(all(c.greeting.startswith("* OK") for c in many),
          "a webmail has more connections before login than others may")
    c = Client(WEBMAIL)
    check(c.greeting.startswith("* BYE"), "MAXPERIP holds for it")
    c.close()
    more = [Client("127.0.9.1") for _ in range(20)]
    check(all(c.greeting.startswith("* OK") for c in more),
          "but not where MAXPERIP_EXEMPT names it")
    few = [Client("127.0.3.1") for _ in range(5)]
    check([c.greeting[:4] for c in few] == ["* OK"] * 4 + ["* BY"],
          "others have MAXUNAUTH_PERIP")
    for c in many + more + few:
        c.close()
    time.sleep(0.3)


def webmail():
    check(told(WEBMAIL, "203.0.113.7", "other", "right"),
          "a webmail that names its client logs in")
    check(not told(WEBMAIL, "203.0.113.8", "other", "wrong"),
          "or does not")
    check(not told("127.0.5.1", "203.0.113.9", "other", "wrong"),
          "another one names somebody")
    # Levels of the client that it names: 1 + n/2 times the floor of 0.2 s.
    for i in range(4):
        told(WEBMAIL, "203.0.113.50", "nobody%d" % i, "x")
    c = Client(WEBMAIL)
    c.ask('ID ("x-originating-ip" "203.0.113.50")')
    _, seconds = c.login("nobody9", "x")
    c.close()
    check(seconds >= 0.6, "failures count for the client (%.2f s)" % seconds)
    _, seconds = once(WEBMAIL, "nobody10", "x")
    check(seconds < 0.6, "and not for the webmail (%.2f s)" % seconds)


if SECONDS:
    for_long()
else:
    guessed()
    limits()
    webmail()
