"""Full and resumed TLS handshakes against a running server (case B4).

resume.py SSLPORT MASTER COUNT SECONDS: COUNT of each, with random server names;
the workers' memory must stay what it was after the first quarter. Ticket keys
are replaced every SECONDS. Reads orders of the shell from standard input, in
between: "killed", "reloaded". Prints "ok NAME" and "not ok NAME" lines.
"""

import os
import random
import socket
import ssl
import string
import sys
import time

PORT, MASTER, COUNT = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
SECONDS = float(sys.argv[4])


def check(good, name):
    print(("ok " if good else "not ok ") + name, flush=True)


def context():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


CONTEXT = context()


def visit(session=None, name=None, ctx=CONTEXT):
    """The session that a connection got, and whether it resumed one."""
    s = ctx.wrap_socket(
        socket.create_connection(("127.0.0.1", PORT), 60),
        server_hostname=name, session=session)
    s.recv(4096)  # the greeting, and the ticket before it
    got, resumed = s.session, s.session_reused
    s.close()
    return got, resumed


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


def many(what, again):
    session, resumed, before, begun = None, 0, 0, time.monotonic()
    for i in range(COUNT):
        if i == COUNT // 4:
            before = resident()
        name = "".join(random.choices(string.ascii_lowercase, k=20))
        if again:
            session, was = visit(session)
            resumed += was
        else:
            visit(name=name + ".example")
    grown = resident() - before
    check(grown <= 2048, "B4: %d %s handshakes, %.0f a second; the workers' "
          "memory grew by %d kB" % (COUNT, what, COUNT /
                                    (time.monotonic() - begun), grown))
    if again:
        check(resumed >= COUNT - 1, "B4: %d of %d resumed" % (resumed, COUNT))


def told(word):
    print("# " + word, flush=True)
    return sys.stdin.readline().strip() == word


def main():
    many("full", False)
    many("resumed", True)
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        ctx = context()
        ctx.maximum_version = version
        session, _ = visit(ctx=ctx)
        told("kill")
        check(visit(session, ctx=ctx)[1],
              "%s: with another worker, the first one dead" % version.name)
        session, _ = visit(ctx=ctx)
        told("reload")
        check(visit(session, ctx=ctx)[1], "%s: after a reload" % version.name)
    told("short")
    session, _ = visit()
    time.sleep(SECONDS * 1.2)
    check(visit(session)[1], "the key before is good for as long again")
    time.sleep(SECONDS * 1.5)
    check(not visit(session)[1], "after that a ticket is worth nothing")
    check(visit(visit()[0])[1], "a new one is")


main()
