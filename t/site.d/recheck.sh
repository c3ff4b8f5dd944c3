#!/bin/sh
# An account of userdb whose password was changed, or that was taken away, loses
# the clients it has: parked ones, those in IDLE, with TLS; others keep theirs.
# Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
talk=$PROGRAMS/t/talk
USERS=2
site_make IMAP_PARK_LINGER=0 AUTH_FLOOR_MS=100
ctl() { "$PROGRAMS/imapctl" userdb "$@" -f "$site/userdb" demo; }
say() {
	"$talk" -p "$port" - >"$site/talk.out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
	return $rc
}
site_run
ok 'the server starts'
{ # both of demo are told to go, the other is not
	echo '1+'
	echo '1> a SELECT INBOX'
	echo '1$ a OK'
	echo '1> b IDLE'
	echo '1< + ...'
	echo '2+'
	echo '3+ nologin'
	echo '3> a LOGIN user0001 demo'
	echo '3$ a OK'
	echo '1<* * BYE [ALERT] ...'
	echo '1- eof'
	echo '2<* * BYE [ALERT] ...'
	echo '2- eof'
	echo '3> b NOOP'
	echo '3$ b OK'
} | "$talk" -p "$port" - >"$site/hold.out" 2>&1 &
hold=$!
wait_for 10 sh -c "'$PROGRAMS/imapctl' -C '$site/control' who | grep -c '^demo' | grep -qx 2"
ok 'two clients of demo wait'
echo new | ctl pw -s md5
ok 'imapctl userdb pw'
wait $hold
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$site/hold.out"
(exit $rc)
ok 'they are ended within seconds; the client of another account is not'
logged 'user=demo: its entry in userdb has changed, its clients are ended'
ok 'the log says why'
printf '%s\n' '1+ nologin' '1> a LOGIN demo demo' \
	'1$ a NO [AUTHENTICATIONFAILED] ...' '2+ nologin' '2> a LOGIN demo new' \
	'2$ a OK' '2> b SELECT INBOX' '2$ b OK' '@sleep 1200' '2> c NOOP' '2$ c OK' | say
ok 'at once the new password counts, and only it'

# The spawner remembers, and so does the next one.
kill -KILL "$(role spawner)"
wait_for 10 greets demo new
ok 'the spawner is killed: the server serves again'

printf '1+ nologin\n1> a LOGIN demo new\n1$ a OK\n1<* * BYE [ALERT] ...\n1- eof\n' |
	"$talk" -p "$port" - >"$site/hold.out" 2>&1 &
hold=$!
wait_for 10 sh -c "'$PROGRAMS/imapctl' -C '$site/control' who | grep -q '^demo'"
ctl del && wait $hold
ok 'an account that is taken away loses its client'
printf '%s\n' '1+ nologin' '1> a LOGIN demo new' '1$ a NO' | say
ok 'and cannot log in'
site_stop
ok 'the server stops'
plan
