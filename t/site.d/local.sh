#!/bin/sh
# The local notify socket: who may post, and that shells do. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
site_make WORKERS=1
box=$site/mail/demo/Maildir socket=$site/notify
owner() { # COMMAND...: as the mail's owner
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid "$(stat -c %u "$box")" \
			--regid "$(stat -c %g "$box")" --clear-groups "$@"
	else
		"$@"
	fi
}
post() { "$PROGRAMS/imapctl" -N "$socket" post "$@" >"$site/post.out" 2>&1; }
appends() { # a shell session that appends one message
	printf 'a APPEND INBOX {11+}\r\nA: b\r\n\r\nhi\r\nb LOGOUT\r\n' |
		IMAP_NOTIFYSOCKET=$1 owner "$PROGRAMS/imapd" "$2" \
			>"$site/shell.out" &&
		grep -q '^a OK' "$site/shell.out"
}
site_run
ok 'the server starts'
[ "$(stat -c '%F %a' "$socket")" = 'socket 666' ]
ok 'every local user may send to the notify socket'
post "$box" "$box/../Maildir"
ok 'imapctl posts folders by their directories'
! post "$site/nowhere" && grep -q 'No such file' "$site/post.out"
ok 'and says which is none'
"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1 <<-T &
	1+
	1> a SELECT INBOX
	1\$ a OK
	1> b IDLE
	1< + entering ENHANCED idle mode
	1< * 18 EXISTS
T
talk=$!
sleep 0.5
cp -a "$box" "$site/own"
appends "$socket" "$box"
ok 'a shell session appends'
wait "$talk"
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
(exit $rc)
ok 'and who waits on the server hears of it'
site_stop
ok 'the server stops cleanly'
[ ! -e "$socket" ]
ok 'and takes the socket along'
! post "$box" && grep -q 'No such file' "$site/post.out"
ok 'imapctl says that there is no server'
appends "$socket" "$site/own"
ok 'a shell session needs none'
if has python3; then
	python3 - "$site/heard" >"$site/heard.out" <<-'P' &
	import array, os, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	s.settimeout(10)
	fds = array.array("i")
	data, control, flags, who = s.recvmsg(16, socket.CMSG_SPACE(4))
	fds.frombytes(control[0][2])
	print(os.readlink("/proc/self/fd/%d" % fds[0]))
	P
	python=$!
	wait_for 10 test -S "$site/heard"
	chmod 666 "$site/heard"
	appends "$site/heard" "$site/own"
	wait "$python"
	[ "$(cat "$site/heard.out")" = "$site/own" ]
	ok 'it sends the directory of the folder that it changed'
else
	skip 'it sends the directory of the folder that it changed' 'no python3'
fi
! logged ' died\| crashed'
ok 'and nothing died'
plan
