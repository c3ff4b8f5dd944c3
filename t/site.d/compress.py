"""COMPRESS=DEFLATE against a whole site: TLS, bombs, what one costs.

compress.py PORT SSLPORT PIDS...: PIDS are the workers, whose memory is looked
at. Prints TAP without a plan.
"""
import socket
import ssl
import sys
import time
import zlib

port, sslport, workers = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
lax = ssl.create_default_context()
lax.check_hostname = False
lax.verify_mode = ssl.CERT_NONE
EMPTY = b"\x00\x00\x00\xff\xff"
bad = 0


def ok(what, name):
    global bad
    bad += not what
    print("ok" if what else "not ok", "-", name)


class Client:
    def __init__(self, tls=False):
        s = socket.create_connection(("127.0.0.1", sslport if tls else port))
        s.settimeout(20)
        self.s = lax.wrap_socket(s) if tls else s
        self.z = self.u = None
        self.text, self.wire = b"", 0
        self.line()
        self.ask(b"l LOGIN demo demo")

    def compress(self):
        assert self.ask(b"z COMPRESS DEFLATE")[-1].startswith(b"z OK")
        assert self.text == b""
        self.z = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
        self.u = zlib.decompressobj(-15)
        return self

    def send(self, data):
        if self.z:
            data = self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH)
        self.s.sendall(data)

    def more(self):
        got = self.s.recv(65536)
        if not got:
            raise EOFError
        self.wire += len(got)
        self.text += self.u.decompress(got) if self.u else got

    def line(self):
        while b"\r\n" not in self.text:
            self.more()
        one, self.text = self.text.split(b"\r\n", 1)
        return one

    def ask(self, command):
        """All lines up to the tagged one."""
        self.send(command + b"\r\n")
        return self.answer(command.split()[0])

    def answer(self, tag):
        lines = [self.line()]
        while not lines[-1].startswith(tag + b" "):
            lines.append(self.line())
        return lines

    def is_over(self):
        """The server ends it, whatever it says before."""
        try:
            while True:
                self.more()
        except (EOFError, OSError, zlib.error):
            return True


def packed(*pieces):
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (b"".join(z.compress(p) for p in pieces)
            + z.flush(zlib.Z_SYNC_FLUSH))


def memory():
    """kB of private memory of all workers."""
    total = 0
    for pid in workers:
        for row in open("/proc/%s/smaps_rollup" % pid):
            if row.startswith(("Private_Dirty", "Private_Clean")):
                total += int(row.split()[1])
    return total


def session(tls):
    c = Client(tls).compress()
    body = b"Subject: x\r\n\r\n" + b"a line that comes again and again\r\n" * 9000
    c.ask(b"0 CREATE INBOX.packed")
    c.send(b"a APPEND INBOX.packed {%d}\r\n" % len(body))
    assert c.line().startswith(b"+ ")
    c.send(body + b"\r\n")
    assert c.answer(b"a")[-1].startswith(b"a OK")
    n = int([x for x in c.ask(b"b SELECT INBOX.packed") if x.endswith(b"EXISTS")]
            [0].split()[1])
    before = c.wire
    c.send(b"c FETCH %d BODY.PEEK[]\r\n" % n)
    head = c.line()
    assert head.endswith(b"{%d}" % len(body)), head
    while len(c.text) < len(body):
        c.more()
    assert c.text[:len(body)] == body
    c.text = c.text[len(body):]
    assert c.answer(b"c")[-1].startswith(b"c OK")
    assert c.wire - before < len(body) / 50, c.wire - before
    # a thousand commands in one piece
    c.send(b"".join(b"n%d NOOP\r\n" % i for i in range(1000)))
    for i in range(1000):
        assert c.answer(b"n%d" % i)[-1].startswith(b"n%d OK" % i)
    c.ask(b"d STORE %d +FLAGS (\\Deleted)" % n)
    c.ask(b"e EXPUNGE")
    assert c.ask(b"f LOGOUT")[-1].startswith(b"f OK")
    return c.is_over()


def parks(tls, compressed):
    """In and out of IDLE while sessions come and go (IMAP_PARK_LINGER=0)."""
    for i in range(25):
        c = Client(tls)
        if compressed:
            c.compress()
        c.ask(b"b SELECT INBOX")
        time.sleep(0.004 * (i % 7))
        c.send(b"c IDLE\r\n")
        assert c.line().startswith(b"+ ")
        time.sleep(0.003 * (i % 3))
        c.send(b"DONE\r\n")
        assert c.answer(b"c")[-1].startswith(b"c OK")
        for k in range(4):
            assert c.ask(b"n NOOP")[-1].startswith(b"n OK")
            time.sleep(0.003 * k)
    return True


def pipeline(n=4000):
    """NOOPs of a parked client: some 70 bytes that come, 80 kB of answers."""
    c = Client().compress()
    time.sleep(0.5)
    before = c.wire
    c.send(b"n NOOP\r\n" * n)
    lines = [c.line() for _ in range(n)]
    print("# %d bytes for %d answers" % (c.wire - before, n))
    assert all(x.startswith(b"n OK") for x in lines)
    return c.wire - before < 2 * n


def lives():
    return Client().ask(b"a NOOP")[-1].startswith(b"a OK")


def bomb_of_a_line():
    c = Client().compress()
    try:
        c.s.sendall(packed(*[bytes(65536)] * 512))
    except OSError:
        pass
    return c.is_over()


def bomb_of_a_literal():
    c = Client().compress()
    c.send(b"a APPEND INBOX {2000000000}\r\n")
    return b"NO" in c.line()


def bomb_behind_a_literal():
    """1000:1 into a literal that is allowed, and far beyond its end."""
    c = Client().compress()
    c.send(b"a APPEND INBOX {1000000}\r\n")
    assert c.line().startswith(b"+ ")
    data = (c.z.compress(bytes(32 << 20)) + c.z.flush(zlib.Z_SYNC_FLUSH))
    try:
        c.s.sendall(data)
    except OSError:
        pass
    return c.is_over()


def empty_blocks():
    c = Client().compress()
    try:
        for _ in range(100):
            c.s.sendall(EMPTY * 10000)
    except OSError:
        pass
    return c.is_over()


def text_behind():
    c = Client()
    c.s.sendall(b"z COMPRESS DEFLATE\r\na CREATE INBOX.early\r\n")
    over = c.is_over()
    names = Client().ask(b"l LIST \"\" *")
    return over and not any(b"early" in x for x in names)


def truncated():
    c = Client().compress()
    c.s.sendall(packed(b"a NOOP\r\n")[:-4])
    c.s.shutdown(socket.SHUT_WR)
    return c.is_over()


def cost(n):
    clients = [Client().compress() for _ in range(2)]  # the packer
    before = memory()
    for _ in range(n):
        c = Client().compress()
        c.ask(b"a SELECT INBOX")
        c.ask(b"b NOOP")
        clients.append(c)
    each = (memory() - before) / n
    print("# %.1f kB of the workers' memory for a client" % each)
    return each < 300


ok(session(False), "a session on a plain connection")
ok(session(True), "a session under TLS")
ok(parks(True, False), "TLS clients park and come back")
ok(parks(False, True), "compressed clients park and come back")
ok(parks(True, True), "so do those with both")
ok(pipeline(), "a parked client's pipeline is answered in few bursts")
ok(truncated(), "a truncated stream ends")
ok(text_behind(), "text behind COMPRESS is never run")
ok(bomb_of_a_line(), "32 MB of zeros for a line end the client")
ok(bomb_of_a_literal(), "a literal's limit counts text")
ok(bomb_behind_a_literal(), "1000:1 into a literal and beyond it")
ok(empty_blocks(), "a million empty blocks end the client")
ok(lives(), "the server lives")
try:
    memory()
except OSError as e:  # the processes are not dumpable
    print("# memory:", e)
else:
    ok(cost(16), "a client costs less than 300 kB")
sys.exit(bad > 0)
