"""Sessions of one account, workers of one address, made to crash by SIGSEGV.

crashes.py PORT SSLPORT MASTER LOG. Prints "ok NAME" and "not ok NAME" lines.
"""

import os
import signal
import socket
import subprocess
import sys
import time

PORT, SSLPORT, MASTER = (int(a) for a in sys.argv[1:4])
LOG = sys.argv[4]
EVIL, GOOD = "127.0.0.2", "127.0.0.3"


def ok(good, name, *more):
    print("%sok %s" % ("" if good else "not ", name), flush=True)
    for line in more if not good else ():
        print("# %s" % (line,), flush=True)


class Client:
    """A connection from an address; what it heard first is .first."""

    def __init__(self, address="127.0.0.1", port=PORT):
        self.s = socket.create_connection(("127.0.0.1", port), 20, (address, 0))
        self.f = self.s.makefile("rb")
        self.first = self.line() if port == PORT else b""

    def line(self):
        try:
            return self.f.readline()
        except OSError:
            return b""

    def ask(self, command):
        self.s.sendall(b"a " + command + b"\r\n")
        while True:
            line = self.line()
            if line.startswith(b"a ") or not line:
                return line

    def login(self, user):
        return self.ask(b"LOGIN " + user + b" demo")

    def close(self):
        self.f.close()
        self.s.close()


def pids(role):
    """Of the processes of a role beneath our master."""
    found = []
    for line in subprocess.run(["ps", "-eo", "pid=,ppid=,args="], text=True,
                               stdout=subprocess.PIPE).stdout.splitlines():
        pid, parent, args = line.split(None, 2)
        found.append((int(pid), int(parent), args))
    ours = {MASTER}
    for _ in range(3):
        ours |= {pid for pid, parent, _ in found if parent in ours}
    return {pid for pid, _, args in found
            if pid in ours and args.split(": ", 1)[-1].split()[0] == role}


def soon(what, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.02)
    return None


def logged(text):
    with open(LOG, errors="replace") as f:
        return f.read().count(text)


def crash_session(user):
    """A session of the account's own; None: it got none."""
    before = pids("session")
    c = Client()
    answer = c.login(user)
    new = pids("session") - before
    if not answer.startswith(b"a OK") or len(new) != 1:
        return answer, new
    os.kill(new.pop(), signal.SIGSEGV)
    gone = c.line()  # BYE or the end
    c.close()
    return None if gone == b"" or gone.startswith(b"* BYE") else gone


def may(user):
    c = Client()
    answer = c.login(user)
    c.close()
    return answer.startswith(b"a OK")


def an_account():
    """Until it is held off for so long that a slow machine sees it as well."""
    other, bad, crashes = Client(), [], 0
    other.login(b"user0002")
    while crashes < 9 and not logged("user=user0001 crash, it is held off for 4 s"):
        if not soon(lambda: may(b"user0001"), 20):
            bad.append("no login after %d" % crashes)
        wrong = crash_session(b"user0001")
        bad += [wrong] if wrong else []
        crashes += 1
        if crashes >= 3:
            soon(lambda: logged("user=user0001 crash") == crashes - 2)
    since = time.monotonic()
    answers = []
    for _ in range(6):
        c = Client()
        answers.append(c.login(b"user0001"))
        c.close()
    late = time.monotonic() - since > 3
    ok(not bad and crashes == 5,
       "an account is held off from its third crash on, 1, 2 and 4 s", crashes, *bad)
    ok(late or all(b"NO [UNAVAILABLE]" in a for a in answers),
       "meanwhile it hears that this is temporary", *answers)
    ok(logged("user=user0001 crash") == 3, "the log has one line for each time")
    ok(other.ask(b"NOOP").startswith(b"a OK"), "another account is served")
    ok(may(b"user0002"), "... and may log in")
    ok(soon(lambda: may(b"user0001"), 20), "after it the account may, too")
    other.close()


def greeted(address):
    try:
        c = Client(address)
    except OSError:
        return False
    good = c.first.startswith(b"* OK")
    c.close()
    return good


def crash_worker():
    """With a client from EVIL; the seconds until another one serves."""
    if not soon(lambda: greeted(GOOD), 20):
        return None
    c, died = Client(EVIL), logged("(number 0) died of signal 11")
    for pid in pids("worker"):
        os.kill(pid, signal.SIGSEGV)
    since = time.monotonic()
    c.line()
    c.close()
    # Who is handed to it before the master hears of its end counts as its client.
    if not soon(lambda: logged("(number 0) died of signal 11") > died):
        return None
    if not soon(lambda: greeted(GOOD), 20):
        return None
    return time.monotonic() - since


def an_address():
    waits, first = [], b""
    while len(waits) < 6 and b"Temporary" not in first:
        waits.append(crash_worker())
        c = Client(EVIL)
        first = c.first
        c.close()
    ok(len(waits) >= 3 and b"* BYE" in first and b"Temporary" in first,
       "an address is refused when three workers have crashed that had a "
       "client of it", first, waits)
    c = Client(EVIL, SSLPORT)
    ok(c.line() == b"", "... and on the TLS port not even heard")
    c.close()
    ok(greeted(GOOD), "another address is served")
    ok(soon(lambda: greeted(EVIL), 40), "after it the address is, too")
    # By now the throttle has the next worker wait for 8 s, but not the last.
    while len(waits) < 5:
        waits.append(crash_worker())
    ok(None not in waits and waits[-1] < 7,
       "without a worker there is another one within a second or so", waits)
    ok(logged("serve ::ffff:%s crash" % EVIL) >= 1 and
       not logged("serve ::ffff:%s crash" % GOOD) and
       not logged("serve ::ffff:127.0.0.1 crash"),
       "the log names that address only")


def main():
    an_account()
    an_address()


main()
