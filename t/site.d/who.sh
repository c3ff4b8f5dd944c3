#!/bin/sh
# imapctl who, kick and stats against a running site. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
USERS=2
site_make WORKERS=2 IMAP_PARK=0
box=$site/mail/demo/Maildir socket=$site/control
ctl() { "$PROGRAMS/imapctl" -C "$socket" "$@" >"$site/ctl.out" 2>&1; }
# shellcheck disable=SC2317
shows() { # PATTERN: a line of who has it
	ctl who && grep -q -e "$1" "$site/ctl.out"
}
other() { # COMMAND...: as somebody else
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
site_run
ok 'the server starts'
[ "$(stat -c '%F %a' "$socket")" = 'socket 660' ]
ok 'the control socket is for its owner and group'
ctl who && [ "$(wc -l <"$site/ctl.out")" -eq 1 ]
ok 'nobody is there'
mkfifo "$site/go"
"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1 <<-T &
	1+
	1> a ID ("name" "Mail ü" "device" "Pixel $(printf '\033')[2J")
	1\$ a
	1> b SELECT INBOX
	1\$ b OK
	1> c IDLE
	1< + entering ENHANCED idle mode
	2+
	2> a NOOP
	2\$ a OK
	3+ nologin
	1<* * BYE ...administrator...
	1- eof
	2<* * BYE ...administrator...
	2- eof
T
talk=$!
wait_for 10 shows '^demo .*127.0.0.1:.* idle .*INBOX (Pixel'
ok 'who waits where, with which device'
! grep -q "$(printf '\033')" "$site/ctl.out"
ok 'and no control character reaches the terminal'
wait_for 10 shows '^demo .* auth ' && wait_for 10 shows '^- .* login '
ok 'who has no folder open, who has not logged in'
ctl who -j && if has python3; then
	python3 - "$site/ctl.out" <<-'P'
	import json, sys
	v = json.load(open(sys.argv[1]))
	assert len(v) == 3, v
	idle = [e for e in v if e["state"] == "idle"][0]
	assert idle["user"] == "demo" and idle["folder"] == "INBOX"
	assert idle["tls"] is False and idle["listener"] == "PORT"
	assert idle["in"] > 0 and idle["out"] > 0 and idle["login"] > 0
	P
else
	grep -q '"state":"idle"' "$site/ctl.out"
fi
ok 'the same as JSON'
ctl stats && grep -q '^logins 2$' "$site/ctl.out" &&
	grep -q '^idle 1$' "$site/ctl.out" && grep -q '^PORT 3 of' "$site/ctl.out"
ok 'stats'
ctl stats -p && grep -q '^imapd_clients{listener="PORT"} 3$' "$site/ctl.out" &&
	! grep -v '^# \(HELP\|TYPE\) imapd_\|^imapd_[a-z_]*\({[^}]*}\)\? [0-9]*$' \
		"$site/ctl.out"
ok 'stats for Prometheus'
if [ "$(id -u)" = 0 ]; then
	chmod 666 "$socket"
	! other "$PROGRAMS/imapctl" -C "$socket" who >"$site/ctl.out" 2>&1 &&
		grep -q 'not allowed' "$site/ctl.out" &&
		wait_for 10 logged 'control socket: uid 65534'
	ok 'somebody else is refused, whatever the mode of the socket'
else
	skip 'somebody else is refused' 'needs root'
fi
ctl kick nobody
[ $? -eq 1 ] && grep -q '^0 conn' "$site/ctl.out"
ok 'kick says that there is nobody'
ctl kick demo && grep -q '^2 conn' "$site/ctl.out"
ok 'kick ends the connections of a user'
wait "$talk"
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
(exit $rc)
ok 'who read a BYE'
sleep 1.1 # tickets of that very second are void
greets demo demo
ok 'and may log in again'
logged 'ends the connections of user=demo'
ok 'the log says who did it'
"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1 <<-T &
	1+
	1> a SELECT INBOX
	1\$ a OK
	2+
	2<* * BYE ...administrator...
	2- eof
	1> b NOOP
	1\$ b OK
T
talk=$!
wait_for 10 shows ' selected ' && wait_for 10 shows ' auth '
ctl who
number=$(awk '/ auth / { for (i = 1; i <= NF; i++)
	if ($i == "auth") print $(i + 5) }' "$site/ctl.out")
ctl kick "$number" && grep -q '^1 conn' "$site/ctl.out"
ok 'kick ends one connection by its number'
wait "$talk"
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
(exit $rc)
ok 'and that one only'
wait_for 10 sh -c "'$PROGRAMS/imapctl' -C '$socket' who | wc -l | grep -qx 1"
ok 'who has gone is no longer shown'
site_stop
ok 'the server stops cleanly'
! ctl who && grep -q 'control: No such file' "$site/ctl.out" && [ -d "$box" ]
ok 'imapctl says that there is no server'
# Parked clients have no session that could tell of them.
echo 'IMAP_PARK=1 IMAP_PARK_LINGER=0' | tr ' ' '\n' >>"$site/imapd"
site_run
"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1 <<-T &
	1+
	1> a ID ("name" "Mail" "device" "Pixel")
	1\$ a
	1> b SELECT INBOX
	1\$ b OK
	1> c IDLE
	1< + entering ENHANCED idle mode
	2+
	2> a SELECT INBOX
	2\$ a OK
	1<* * BYE ...administrator...
	1- eof
	2> b NOOP
	2\$ b OK
	2<* * BYE ...administrator...
	2- eof
T
talk=$!
# shellcheck disable=SC2317
two() { ctl who && [ "$(grep -c '^demo .* parked .*INBOX' "$site/ctl.out")" = 2 ]; }
wait_for 10 two && grep -q ' parked .*INBOX (Pixel' "$site/ctl.out"
ok 'who is parked, in which folder, with which device'
ctl who -j && if has python3; then
	python3 - "$site/ctl.out" <<-'P'
	import json, sys
	v = json.load(open(sys.argv[1]))
	assert [e["state"] for e in v] == ["parked"] * 2, v
	assert all(e["folder"] == "INBOX" and e["out"] > 100 for e in v), v
	P
else
	grep -q '"state":"parked"' "$site/ctl.out"
fi
ok 'the same as JSON'
ctl stats && grep -q '^parked 2$' "$site/ctl.out" &&
	ctl stats -p && awk '/state="parked"/ { n += $2 }
		END { exit n != 2 }' "$site/ctl.out"
ok 'they are counted, for Prometheus as well'
ctl who
number=$(awk '/Pixel/ { for (i = 1; i <= NF; i++)
	if ($i == "parked") print $(i + 5) }' "$site/ctl.out")
ctl kick "$number" && grep -q '^1 conn' "$site/ctl.out" &&
	wait_for 10 sh -c "'$PROGRAMS/imapctl' -C '$socket' who | wc -l |
		grep -qx 2"
ok 'kick ends one of them by its number'
wait_for 10 shows ' parked ' && ctl kick demo &&
	grep -q '^1 conn' "$site/ctl.out"
ok 'and the other by its user'
wait "$talk"
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
(exit $rc)
ok 'both read a BYE'
site_stop
ok 'the server stops cleanly again'
if [ "$(id -u)" = 0 ]; then
	echo 'IMAPADMINGROUP=65534' >>"$site/imapd"
	site_run && other "$PROGRAMS/imapctl" -C "$socket" who >"$site/ctl.out"
	ok 'members of IMAPADMINGROUP may ask'
	site_stop
else
	skip 'members of IMAPADMINGROUP may ask' 'needs root'
fi
! logged ' died\| crashed'
ok 'and nothing died'
plan
