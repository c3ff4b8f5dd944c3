#!/bin/sh
# Two masters at once (case C21): of one settings file, one pid file, one port there
# is one master, and who is refused leaves all as it was; several at the same instant;
# beside an upgrade, and beside a stop. Two sites over one Maildir are none of that.
# Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
bin=$site/bin pidfile=$site/imapd.pid
refused() { # PATTERN SETTINGS [-F]: a start ends by itself, with a line that says why
	timeout 20 "$bin/imapd-master" ${3:+"$3"} -f "$2" >"$site/second" 2>&1 </dev/null
	rc=$?
	[ $rc -eq 1 ] && grep -q -e "$1" "$site/second" &&
		[ "$(grep -c . "$site/second")" -le 3 ] && return
	sed "s/^/# status $rc: /" "$site/second"
	return 1
}
serves() { wait_for 5 greets; }
picture() { # the files of the first, when they were written, and its processes
	stat -c '%n %i %s %y %a %u:%g %F' "$pidfile" "$pidfile.lock" \
		"$site/control" "$site/notify"
	cat "$pidfile"
	processes | grep -v -e spare -e session
}
untouched() {
	picture | diff "$site/picture" - >"$site/diff" && serves &&
		[ "$("$PROGRAMS/imapctl" -C "$site/control" list 2>&1 | wc -l)" -gt 0 ] && return
	sed 's/^/# /' "$site/diff"
	return 1
}
variant() { # SETTINGS NAME=VALUE...: the first one's, but for these
	file=$1
	cp "$site/imapd" "$file"
	shift
	for s; do
		printf '%s="%s"\n' "${s%%=*}" "${s#*=}"
	done >>"$file"
}
board() { # MASTER: what all its workers write, once if it is one for all
	for p in $(pgrep -P "$1"); do
		awk '/\/dev\/shm\/imapd-/ { print $5 }' "/proc/$p/maps" 2>/dev/null
	done | sort -u
}
idles() { # until there is one more, who then ends
	printf '%s\n' '1+' '1> a SELECT INBOX' '1$ a OK' '1> b IDLE' '1< + ...' \
		'1< * ... EXISTS' '1<* * ... FETCH ...Flagged...' '1> DONE' '1$ b OK' |
		"$PROGRAMS/t/talk" -p "$1" - >"$site/idles.out" 2>&1
}

site_make WORKERS=2 STOP_TIMEOUT=4
mkdir "$bin" "$site/other"
programs() { # as an upgrade does: new files in the place of the old ones
	for name in imapd-master imapd-worker imapd-auth imapd; do
		cp "$PROGRAMS/$name" "$bin/.new" && mv "$bin/.new" "$bin/$name" || return 1
	done
}
programs
run() {
	"$bin/imapd-master" -F -f "$site/imapd" >>"$site/log" 2>&1 &
	master=$!
	wait_for 20 test -s "$pidfile"
}

echo $$ >"$pidfile"
"$bin/imapd-master" -F -f "$site/imapd" >>"$site/log" 2>&1 &
master=$!
wait_for 20 grep -qx $master "$pidfile" && serves
ok 'a pid file that a crash left, its number another program by now: it starts'
picture >"$site/picture"
refused 'a server is running already' "$site/imapd" -F && untouched
ok 'the same settings: refused, the first one and its files are as they were'
refused 'a server is running already' "$site/imapd" && untouched
ok 'and so it is in the background'
variant "$site/ports" PORT="$(free_port 3)" SSLPORT="$(free_port 4)" \
	IMAP_CONTROLSOCKET="$site/other/control" IMAP_NOTIFYSOCKET="$site/other/notify"
refused 'a server is running already' "$site/ports" -F && untouched
ok 'the same pid file, other ports: refused'
variant "$site/pids" PIDFILE="$site/other/pid" \
	IMAP_CONTROLSOCKET="$site/other/control" IMAP_NOTIFYSOCKET="$site/other/notify"
refused "cannot listen on address 127.0.0.1 port $port: Address already in use" \
	"$site/pids" -F && untouched && [ "$(ls "$site/other")" = pid.lock ]
ok 'the same ports, another pid file: refused, and nothing of its own is left'

# Beside an upgrade: it executes itself, and has the lock all the time.
programs && kill -HUP "$master"
tries=0 won=0
until [ "$(grep -c 'ready, version' "$site/log")" -ge 2 ] || [ $tries -gt 300 ]; do
	tries=$((tries + 1))
	refused 'a server is running already' "$site/imapd" -F || { won=1; break; }
done
[ $won -eq 0 ] && [ $tries -gt 0 ] && logged 'the new programs take over' &&
	serves && [ "$(cat "$pidfile")" = "$master" ]
ok "all $tries starts beside an upgrade are refused"

# Beside another of its own: one Maildir, two sites.
second_port=$(free_port 5)
variant "$site/second.conf" PORT="$second_port" SSLPORT="$(free_port 6)" \
	PIDFILE="$site/other/pid" IMAP_CONTROLSOCKET="$site/other/control" \
	IMAP_NOTIFYSOCKET="$site/other/notify" WORKERS=2
"$bin/imapd-master" -F -f "$site/second.conf" >>"$site/log" 2>&1 &
second=$!
wait_for 20 test -s "$site/other/pid"
ok 'another site over the same Maildirs starts beside it'
wait_for 30 sh -c "[ \$(pgrep -P $master | wc -l) -eq \$(pgrep -P $second | wc -l) ]"
mine=$(board "$master") its=$(board "$second")
[ "$(echo "$mine" | wc -l)" -eq 1 ] && [ "$(echo "$its" | wc -l)" -eq 1 ] &&
	[ -n "$mine" ] && [ -n "$its" ] && [ "$mine" != "$its" ]
ok "each has one board for its workers, and not the other's"
idles "$port" &
a=$!
idles "$second_port" &
b=$!
sleep 1
# shellcheck disable=SC2016
printf '%s\n' '1+' '1> a APPEND INBOX {5}' '1< + ...' '1> a: b' '1$ a OK [APPENDUID $v $u] ...' \
	'1> b SELECT INBOX' '1$ b OK' '1> c UID STORE $u +FLAGS (\Flagged)' '1$ c OK' |
	"$PROGRAMS/t/talk" -p "$second_port" - >"$site/append.out" 2>&1
ok 'a client of one of them adds a message and flags it'
wait $a && wait $b
ok 'idle clients of both hear of it'
sed 's/^/# /' "$site/append.out" "$site/idles.out" | grep -v '# ok'
kill -KILL "$second"
wait "$second" 2>/dev/null
wait_for 10 sh -c "! pgrep -P $second" && serves && [ "$(cat "$pidfile")" = "$master" ] &&
	[ -S "$site/control" ]
ok 'one of them is killed: the other one serves'

# Beside a stop: the first one waits for a session until STOP_TIMEOUT is over.
printf '%s\n' '1+' '1> a APPEND INBOX {100}' '1< + ...' '@sleep 1500' '1> a: b' '@sleep 8000' |
	"$PROGRAMS/t/talk" -p "$port" - >"$site/append.out" 2>&1 &
append=$!
sleep 0.7
kill -TERM "$master"
sleep 0.3
refused 'a server is running already' "$site/imapd" -F && kill -0 "$master" &&
	[ "$(cat "$pidfile")" = "$master" ]
ok "while it stops it is not another's turn"
wait "$master"
ok 'it stops'
kill "$append" 2>/dev/null
wait "$append" 2>/dev/null
run && serves
ok 'now it is'
site_stop

# At the same instant: they wait for a pipe that opens.
round=0 wrong=0
mkfifo "$site/gate"
while [ $round -lt 5 ]; do
	round=$((round + 1)) starts=''
	for i in 1 2 3 4 5 6; do
		(read -r _ <"$site/gate"
		exec "$bin/imapd-master" -F -f "$site/imapd") >"$site/at.$i" 2>&1 &
		starts="$starts $!"
	done
	sleep 0.3
	: >"$site/gate"
	wait_for 20 test -s "$pidfile"
	serves || wrong=1
	master=$(cat "$pidfile")
	for p in $starts; do
		[ "$p" = "$master" ] && continue
		wait_for 10 gone "$p"
		wait "$p"
		[ $? -eq 1 ] || wrong=1
	done
	[ "$(cat "$site"/at.? | grep -c 'a server is running already')" -eq 5 ] || wrong=1
	kill -0 "$master" && [ "$(cat "$pidfile")" = "$master" ] && serves &&
		[ -S "$site/control" ] || wrong=1
	[ $wrong -eq 0 ] || { sed 's/^/# /' "$site"/at.?; break; }
	site_stop || wrong=1
done
[ $wrong -eq 0 ]
ok "of six at the same instant one serves, five are refused, $round times"
plan
