"""How long refusals take, by the kind of their reason.

alike.py PORT TIMES FLOOR: so many of each kind, in turns, so that whatever else
the machine does falls on all alike; four pairs are under way at a time. The measure
is RELIABILITY's: the medians are within 5 % of FLOOR (ms), or Mann and Whitney see
no difference. Prints "ok NAME" and "not ok NAME" lines.
"""

import concurrent.futures
import math
import socket
import statistics
import sys
import threading
import time

PORT, TIMES, FLOOR = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
KINDS = ("nobody", "wrong", "long")
PAIRS = 4
took = {kind: [] for kind in KINDS}
texts = {kind: set() for kind in KINDS}
lock = threading.Lock()


def ok(good, name, *more):
    print("%sok %s" % ("" if good else "not ", name), flush=True)
    for line in more if not good else ():
        print("# %s" % (line,), flush=True)


def refused(kind, i, serial):
    """From an address that nothing is known of."""
    s = socket.create_connection(
        ("127.0.0.1", PORT), 60, ("127.7.%d.%d" % divmod(serial, 250), 0))
    f = s.makefile("rb")
    f.readline()
    name = (b"none%05d" if kind == "nobody" else b"user%05d") % i
    word = b"x" * 1000 if kind == "long" else b"x"
    begun = time.monotonic()
    s.sendall(b"a LOGIN %s %s\r\n" % (name, word))
    line = f.readline()
    spent = time.monotonic() - begun
    s.close()
    with lock:
        took[kind].append(spent * 1000)
        texts[kind].add(line)


def differs(a, b):
    """z of Mann and Whitney's U, without ties."""
    ranks = sorted([(x, 0) for x in a] + [(x, 1) for x in b])
    total = sum(i + 1 for i, (_, which) in enumerate(ranks) if which == 0)
    n, m = len(a), len(b)
    u = total - n * (n + 1) / 2
    return (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def pair(i):
    """An account, asked about once, and nobody, by turns."""
    some = [("nobody", i), ("wrong" if i % 2 else "long", i)]
    threads = [threading.Thread(target=refused, args=(kind, i, 2 * i + n))
               for n, (kind, i) in enumerate(some if i % 4 < 2 else some[::-1])]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def main():
    with concurrent.futures.ThreadPoolExecutor(PAIRS) as pool:
        list(pool.map(pair, range(1, 2 * TIMES + 1)))
    for kind in KINDS:
        ok(len(took[kind]) == (2 if kind == "nobody" else 1) * TIMES,
           "%d of the kind: %s" % (len(took[kind]), kind))
    said = set().union(*texts.values())
    ok(len(said) == 1 and b"AUTHENTICATIONFAILED" in next(iter(said)),
       "all are told the same", *said)
    first = min(min(t) for t in took.values())
    # The floor counts from when auth last looked at its clock.
    ok(first >= FLOOR * 0.97, "none before its time", first)
    for kind in KINDS[1:]:
        z = differs(took[kind], took["nobody"])
        apart = abs(statistics.median(took[kind]) -
                    statistics.median(took["nobody"]))
        ok(apart <= FLOOR * 0.05 or abs(z) < 4,
           "%s password of an account and name of nobody: medians %.2f ms apart, "
           "z %.1f" % (kind, apart, z),
           *(sorted(took[k])[::10] for k in (kind, "nobody")))


main()
