#!/bin/sh
# A login beyond MAXPERUSER, or MAXPERIP, takes the place of the account's oldest
# parked connection, whichever worker has it. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'parked connections give way' 'no python3'
	plan
fi
USERS=3
site_start WORKERS=2 MAXPERUSER=4 MAXPERIP=6 MAXUNAUTH_PERIP=50 \
	MAXPERIP_EXEMPT=192.0.2.1 TRUSTED_NETS=192.0.2.1 MAXRATE_PERIP=1000 \
	IMAP_PARK_LINGER=0
ok 'the server starts'
cat >"$site/yield.py" <<'P'
import socket, sys, time
port = int(sys.argv[1])
bad = 0

class Client:
    def __init__(self, user=None):
        self.s = socket.create_connection(("127.0.0.1", port))
        self.s.settimeout(10)
        self.f = self.s.makefile("rb")
        self.greeting = self.line()
        self.answer = self.ask("LOGIN %s demo" % user) if user else None
        if self.answer and self.answer.startswith("a OK"):
            self.ask("SELECT INBOX")
    def line(self):
        return self.f.readline().decode()
    def ask(self, text):
        self.s.sendall(b"a %s\r\n" % text.encode())
        while True:
            one = self.line()
            if one.startswith("a ") or not one:
                return one
    def close(self):  # both hold the socket
        self.f.close()
        self.s.close()
    def busy(self):
        self.s.sendall(b"a APPEND INBOX {5}\r\n")
        self.line()

def ok(what, name):
    global bad
    bad += not what
    print("ok" if what else "not ok", "-", name, flush=True)

def settled():
    time.sleep(0.5)

some = [Client("demo") for _ in range(4)]
settled()
some.append(Client("demo"))
ok(some[4].answer.startswith("a OK"), "a login beyond MAXPERUSER is let in")
bye = some[0].line()
ok(bye.startswith("* BYE [ALERT]") and some[0].line() == "",
   "the oldest parked connection reads why it ends")
ok(all(c.ask("NOOP").startswith("a OK") for c in some[1:]), "the others live")
settled()
some[1].busy()  # now the oldest is at work
some.append(Client("demo"))
ok(some[5].answer.startswith("a OK"), "and one more")
bye = some[2].line()
ok(bye.startswith("* BYE [ALERT]"), "who is at work is passed over")
for c in (some[3], some[4], some[5]):
    c.busy()
last = Client("demo")
ok(last.answer.startswith("a NO [LIMIT]") and
   last.line().startswith("* BYE [ALERT]"), "where nobody is parked it is refused")
for c in (some[0], some[2], last):
    c.close()
settled()
other = [Client("user0001"), Client("user0001")]
settled()
extra = Client("user0001")
ok(extra.answer.startswith("a OK"),
   "beyond MAXPERIP a login takes the place of one of its account")
ok(other[0].line().startswith("* BYE [ALERT]"), "its oldest")
other[0].close()
settled()
none = Client("user0002")
ok(none.answer.startswith("a NO [LIMIT]") and "address" in none.answer,
   "who has none there is refused")
none.close()
settled()
idle = [Client() for _ in range(5)]
ok(all(c.greeting.startswith("* OK") for c in idle), "five are let in")
ok(Client().greeting.startswith("* BYE [ALERT]"), "and no more")
sys.exit(bad > 0)
P
clients timeout 60 python3 "$site/yield.py" "$port"
logged 'the oldest parked connection gives way: user=demo'
ok 'the log says who gave way'
site_stop
ok 'the server stops cleanly'
! logged ' died\| crashed\|Sanitizer'
ok 'no process died meanwhile'
plan
