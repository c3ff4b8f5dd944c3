"""Login by certificate; prints TAP. external.py PORT SSLPORT SITE"""
import base64
import socket
import ssl
import sys

PORT, SSLPORT, SITE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
tests = 0


def ok(good, name, *why):
    global tests
    tests += 1
    print("ok" if good else "not ok", tests, "-", name, flush=True)
    if not good:
        for line in why:
            print("#", repr(line)[:1000], flush=True)


class Client:
    def __init__(self, port, certificate):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain("%s/%s.pem" % (SITE, certificate))
        self.s = socket.create_connection(("127.0.0.1", port), 60)
        if port == PORT:
            self.file = self.s.makefile("rb")
            self.file.readline()
            assert self.command(b"STARTTLS").startswith(b"OK")
        self.s = context.wrap_socket(self.s)
        self.file = self.s.makefile("rb")
        if port == SSLPORT:
            self.greeting = self.file.readline()

    def command(self, text):
        """The tagged answer; b"": the connection has ended."""
        self.s.sendall(b"a " + text + b"\r\n")
        self.untagged = b""
        for line in self.file:
            if line.startswith(b"a "):
                return line[2:]
            self.untagged += line
        return b""


def login(port, certificate, name=""):
    """(is it announced, the answer); (False, None): no connection."""
    try:
        c = Client(port, certificate)
        c.command(b"CAPABILITY")
        announced = b"AUTH=EXTERNAL" in c.untagged
        name = base64.b64encode(name.encode()) or b"="
        answer = c.command(b"AUTHENTICATE EXTERNAL " + name)
        if answer.startswith(b"OK"):
            assert c.command(b"SELECT INBOX").startswith(b"OK")
        c.s.close()
        return announced, answer
    except (ssl.SSLError, ConnectionError):
        return False, None


def test(want, name, *how):
    """want: announced or not, and how the answer begins"""
    got = login(*how)
    ok(got[0] == want[0] and (got[1] is None if want[1] is None else
                              (got[1] or b"").startswith(want[1])), name, got)


test((True, b"OK"), "a certificate logs in", SSLPORT, "demo")
test((True, b"OK"), "and may say as whom", SSLPORT, "demo", "demo")
test((True, b"NO"), "as nobody else", SSLPORT, "demo", "root")
test((True, b"OK"), "the field that TLS_EXTERNAL names counts", SSLPORT, "mail")
test((True, b"NO"), "nobody logs in without a certificate", SSLPORT, None)
test((True, b"NO"), "nor with one that has no such field", SSLPORT, "nameless")
test((False, None), "who is not vouched for has no connection", SSLPORT,
     "stranger")
test((False, b"NO"), "not on the port that was not named", PORT, "demo")
test((False, b"NO"), "nor there without a certificate", PORT, None)
