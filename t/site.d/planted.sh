#!/bin/sh
# What others have planted where the server makes files at its start (case E20):
# it writes through no link, removes nothing but its own, and says so. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
pidfile=$site/imapd.pid
site_make
echo 'of somebody else' >"$site/victim"
chmod 600 "$site/victim"
untouched() {
	[ "$(cat "$site/victim")" = 'of somebody else' ] &&
		[ "$(stat -c %a "$site/victim")" = 600 ]
}
refuses() { # it ends by itself, with an error
	timeout 10 "$PROGRAMS/imapd-master" -F -f "$site/imapd" >>"$site/log" 2>&1
	rc=$?
	[ $rc -ne 0 ] && [ $rc -ne 124 ]
}
in_use() { grep -c "no control socket: $site/control: Address already in use" "$site/log"; }

ln -s "$site/victim" "$pidfile"
ln -s "$site/victim" "$pidfile.new"
ln -s "$site/victim" "$site/control"
ln -s "$site/victim" "$site/notify"
site_run
ok 'it starts beside links in the place of its files'
wait_for 5 greets
ok 'and serves'
[ ! -L "$pidfile" ] && [ -f "$pidfile" ] && [ "$(cat "$pidfile")" = "$master" ]
ok 'the link of the pid file is replaced by one of its own'
untouched
ok 'where the links lead nothing has changed'
[ -L "$site/control" ] && [ -L "$site/notify" ] &&
	logged "no control socket: $site/control: File exists" &&
	logged "no notify socket: $site/notify: File exists"
ok 'what is no socket is left alone, and that is said'
named() { # does one of its workers map what has a name?
	for pid in $(role worker); do
		sed -n '/\/dev\/shm\/imapd-/p' "/proc/$pid/maps"
	done | grep -qv '(deleted)$'
}
! named
ok 'its shared memory has no name'
site_stop
[ -L "$site/control" ] && [ -L "$site/notify" ] && untouched
ok 'and so it is after the stop'

rm -f "$site/control" "$site/notify"
echo 'of somebody else' >"$site/control"
mkdir "$site/notify"
site_run
wait_for 5 greets
ok 'it starts beside a file and a folder'
[ -f "$site/control" ] && [ -d "$site/notify" ]
ok 'they are left alone'
site_stop
rm -rf "$site/control" "$site/notify"

if has python3; then
	python3 - "$site/control" <<-'END' &
		import socket, sys, time
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.bind(sys.argv[1])
		s.listen()
		time.sleep(60)
	END
	stranger=$!
	wait_for 10 test -S "$site/control"
	site_run
	wait_for 5 greets
	[ -S "$site/control" ] && kill -0 "$stranger" && [ "$(in_use)" -eq 1 ]
	ok 'a socket on which somebody listens is left alone'
	site_stop
	kill "$stranger"
	wait "$stranger" 2>/dev/null
	site_run
	wait_for 5 greets
	[ -S "$site/control" ] && [ "$(in_use)" -eq 1 ]
	ok 'one that nobody has any more is replaced'
	site_stop
else
	skip 'a socket on which somebody listens is left alone' 'no python3'
fi

rm -f "$pidfile.lock"
ln -s "$site/victim" "$pidfile.lock"
refuses && untouched
ok 'a link in the place of its lock: it does not start'
rm -f "$pidfile.lock"
ln -s "$site/nowhere" "$pidfile.lock"
refuses && [ ! -e "$site/nowhere" ]
ok 'nor does it make what a link names'
rm -f "$pidfile.lock"
mkfifo "$pidfile.lock"
site_run && wait_for 5 greets
ok 'and it does not hang at a pipe'
site_stop
rm -f "$pidfile.lock"
site_run
wait_for 5 greets
ok 'without them it starts again'
site_stop
plan
