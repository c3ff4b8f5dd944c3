#!/bin/sh
# A process that stands still for a while (SIGSTOP; a machine that swaps) is only
# slow: it goes on where it was, and nobody is lost (RELIABILITY 3.C). Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'a process that stands still' 'no python3'
	plan
fi
site_start WORKERS=1 TRUSTED_NETS=127.0.0.1 MAXPERIP=2000 MAXPERUSER=100
ok 'the server starts'
clients timeout 120 python3 t/site.d/stopped.py "$port" "$master" \
	"$PROGRAMS/imapctl" -C "$site/control"
! logged 'does not read its channel\|takes no answer\| died'
ok 'nobody was ended for it'
: >"$site/log"
# It will not end, like one that was taken over.
python3 -c 'import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"a LOGIN demo demo\r\n")
time.sleep(60)' "$port" &
client=$!
# shellcheck disable=SC2317
at_work() { logged 'LOGIN, user=demo' && [ -n "$(role session)" ]; }
wait_for 20 at_work
sessions=$(role session) template=$(role template)
# shellcheck disable=SC2086
kill -STOP $sessions 2>/dev/null
[ -n "$sessions" ]
ok 'a session stands still'
site_stop
ok 'the server stops cleanly'
# shellcheck disable=SC2086
all_gone 20 $sessions $template
ok 'and the session that does not is killed, its template gone'
kill "$client"
plan
