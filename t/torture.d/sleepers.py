"""The clients of sleepers.sh: prints "ok NAME" or "not ok NAME" lines.

sleepers.py PORT PAM: users slow100 to slow199 meet a module that sleeps; anna,
bert and carl do not. PAM: the process whose children ask the modules.
"""

import socket
import sys
import threading
import time

PORT, PAM = int(sys.argv[1]), int(sys.argv[2])
PLACES = 16  # questions at once, shm/limits.h
BLOCKED_S = 14  # who is not known waits 12 s at most


def check(good, name):
    print(("ok " if good else "not ok ") + name, flush=True)


class Client:
    def __init__(self, address):
        self.s = socket.create_connection(
            ("127.0.0.1", PORT), 90, (address, 0))
        self.f = self.s.makefile("rb")
        self.f.readline()

    def ask(self, line):
        """The tagged answer, and the seconds that it took."""
        begun, got = time.monotonic(), b""
        try:
            self.s.sendall(b"t " + line + b"\r\n")
            for got in self.f:
                if got.startswith((b"t ", b"* BYE")):
                    break
        except OSError:
            pass
        return got, time.monotonic() - begun

    def close(self):
        self.f.close()
        self.s.close()


def login(address, user):
    c = Client(address)
    got, took = c.ask(b"LOGIN %s any" % user.encode())
    c.close()
    return got.startswith(b"t OK"), took


def children():
    with open("/proc/%d/task/%d/children" % (PAM, PAM)) as f:
        return len(f.read().split())


class Sleepers:
    """100 logins at once that the module does not answer."""

    def __init__(self, addresses):
        self.answers, self.threads, self.clients = [], [], []
        for i, address in enumerate(addresses):
            self.clients.append(Client(address))
            self.threads.append(threading.Thread(
                target=self.one, args=(self.clients[-1], 100 + i)))
        for t in self.threads:
            t.start()

    def one(self, client, number):
        self.answers.append(client.ask(b"LOGIN slow%d any" % number))

    def refused(self):
        """So many were told to come again; any other answer is wrong."""
        told = list(self.answers)
        wrong = [a for a, _ in told
                 if not a.startswith(b"t NO [UNAVAILABLE]")]
        return len(told), wrong

    def end(self):
        for t in self.threads:
            t.join()
        for c in self.clients:
            c.close()


def beside(name, sleepers, strangers):
    """What others meet for BLOCKED_S. strangers: whether they are served, too."""
    worked = Client("127.0.1.2")
    worked.ask(b"LOGIN bert any")
    noop = known = new = 0.0
    failed, most, n = 0, 0, 0
    until = time.monotonic() + BLOCKED_S
    while time.monotonic() < until:
        good, took = worked.ask(b"NOOP")
        failed += not good.startswith(b"t OK")
        noop = max(noop, took)
        good, took = login("127.0.1.1", "anna")
        failed += not good
        known = max(known, took)
        if strangers:
            good, took = login("127.0.4.%d" % (1 + n), "carl")
            failed += not good
            new = max(new, took)
        most = max(most, children())
        n += 1
        time.sleep(0.3)
    worked.close()
    check(failed == 0 and noop < 1 and known < 2 and new < 2,
          "%s: others are served (NOOP %.2f s, login of who is known %.2f s, "
          "%sof %d rounds %d failed)"
          % (name, noop, known,
             "of a stranger %.2f s, " % new if strangers else "", n, failed))
    check(0 < most <= PLACES, "%s: %d questions at once" % (name, most))
    told, wrong = sleepers.refused()
    check(told > 0 and not wrong,
          "%s: %d of the 100 were told to come again %r"
          % (name, told, wrong[:2]))


def main():
    for address, user in (("127.0.1.1", "anna"), ("127.0.1.2", "bert")):
        good, took = login(address, user)
        check(good, "%s logs in (%.2f s)" % (user, took))
    one = Sleepers(["127.0.2.1"] * 100)
    beside("one address", one, True)
    one.end()
    many = Sleepers(["127.0.3.%d" % (1 + i) for i in range(100)])
    beside("100 addresses", many, False)
    many.end()
    told, wrong = many.refused()
    check(told == 100 and not wrong, "no sleeper was let in %r" % wrong[:2])
    good, took = login("127.0.4.200", "carl")
    check(good and took < 2, "then a stranger is served (%.2f s)" % took)
    check(children() == 0, "and no question is left")


main()
