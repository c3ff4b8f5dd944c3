"""Passwords in the memory of the server (case E18).

secrets.py PORT SSLPORT RIGHT MASTER: logs in with RIGHT, and fails with other
passwords, over both ports and by LOGIN, a literal and AUTHENTICATE; then looks
through the memory of every process beneath MASTER. Prints "ok NAME" and "not ok
NAME" lines.
"""

import base64
import os
import re
import socket
import ssl
import sys
import time

PORT, SSLPORT, RIGHT = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
MASTER = int(sys.argv[4])


def check(good, name):
    print(("ok " if good else "not ok ") + name, flush=True)


def connect(tls):
    s = socket.create_connection(("127.0.0.1", SSLPORT if tls else PORT), 60)
    if tls:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
        s = c.wrap_socket(s)
    f = s.makefile("rb")
    f.readline()
    return s, f


def say(s, f, text):
    s.sendall(b"t " + text + b"\r\n")
    for line in f:
        if line.startswith(b"t "):
            return line
    return b""


def ways(password):
    word = password.encode()
    plain = base64.b64encode(b"\0demo\0" + word)
    return [b'LOGIN demo "' + word + b'"',
            b"LOGIN demo {%d+}\r\n" % len(word) + word,
            b"AUTHENTICATE PLAIN " + plain]


def children(pid):
    found = [pid]
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % p, encoding="utf-8") as f:
                if int(f.read().rsplit(")", 1)[1].split()[1]) == pid:
                    found += children(int(p))
        except OSError:
            pass
    return found


def title(pid):
    with open("/proc/%d/cmdline" % pid, "rb") as f:
        return f.read().replace(b"\0", b" ").decode().strip()


def find(pid, words):
    """Which of the words its memory holds, and where."""
    found = set()
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)",
                         line)
            if m is None or m.group(3) in ("[vvar]", "[vsyscall]"):
                continue
            begin, end = int(m.group(1), 16), int(m.group(2), 16)
            try:
                mem.seek(begin)
                data = mem.read(end - begin)
            except OSError:
                continue
            for word in words:
                at = data.find(word)
                if at >= 0:
                    found.add("%s in %s at %x" % (
                        word.decode(), m.group(3) or "memory", begin + at))
    return found


def main():
    kept, words = [], {RIGHT.encode()}
    words.add(base64.b64encode(b"\0demo\0" + RIGHT.encode())[8:])
    for tls in (False, True):
        for i in range(3):
            wrong = "Falsch-%s-%d-%d" % (RIGHT[::-1], tls, i)
            words.add(wrong.encode())
            words.add(base64.b64encode(b"\0demo\0" + wrong.encode())[8:])
            s, f = connect(tls)
            assert say(s, f, ways(wrong)[i]).startswith(b"t NO")
            kept.append((s, f))
            s, f = connect(tls)
            assert say(s, f, ways(RIGHT)[i]).startswith(b"t OK")
            kept.append((s, f))
    for s, f in kept:  # what a client does next overwrites TLS's buffers
        say(s, f, b"NOOP")
        say(s, f, b"CAPABILITY")
    time.sleep(1)
    seen = users = 0
    for pid in children(MASTER):
        try:
            name = title(pid)
            found = find(pid, words)
            users += len(find(pid, {b"demo"})) > 0
        except OSError:
            continue  # it has ended
        seen += 1
        for what in sorted(found):
            print("# %s" % what)
        check(not found, "E18: no password in %s" %
              re.sub(r"[^a-z: -].*", "", name))
    check(seen >= 8, "E18: %d processes were looked through" % seen)
    check(users >= 3, "E18: the user's name was found in %d of them" % users)


main()
