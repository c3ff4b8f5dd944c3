#!/bin/sh
# The walls of the running processes that need no right to put up: filters for
# system calls, limits, who goes first when memory is short; and that what the
# machine refuses is told, once. t/unit/shm_filter.c tries the calls themselves,
# privilege.sh looks at uids and capabilities. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
talk=$PROGRAMS/t/talk
field() { # PID NAME
	awk -v n="$2:" '$1 == n { print $2 }' "/proc/$1/status"
}
soft() { # PID "NAME OF LIMIT"
	sed -n "s/^$2  *\([^ ]*\) .*/\1/p" "/proc/$1/limits"
}
# Looked up once for all: ps and its kind are slow on a busy machine.
look() { processes >"$site/processes"; }
role() { awk -v r="$1" '$2 == r { print $1 }' "$site/processes"; }
# each ROLE FUNCTION ARGUMENT...: true for all its processes, of which there are
each() {
	r=$1
	shift
	found=$(role "$r")
	[ -n "$found" ] || { echo "# no $r:" "$(cat "$site/processes")" && return 1; }
	for p in $found; do
		"$1" "$p" "${2:-}" "${3:-}" && continue
		echo "# $r $p: not $*"
		return 1
	done
}
# shellcheck disable=SC2317
filters() { [ "$(field "$1" Seccomp_filters)" = "$2" ]; }
# shellcheck disable=SC2317
files() { [ "$(soft "$1" 'Max open files')" -le "$2" ]; }
# shellcheck disable=SC2317
data() { [ "$(soft "$1" 'Max data size')" = "$2" ]; }
# shellcheck disable=SC2317
core() { [ "$(soft "$1" 'Max core file size')" = "$2" ]; }
# shellcheck disable=SC2317
size() { [ "$(soft "$1" 'Max file size')" = "$2" ]; }
# shellcheck disable=SC2317
forks() { [ "$(soft "$1" 'Max processes')" = "$2" ]; }
# shellcheck disable=SC2317
oom() { [ "$(cat "/proc/$1/oom_score_adj")" = "$2" ]; }
refused() { # LINE: it is in the log, once
	[ "$(grep -c -e "$1" "$site/log")" -eq 1 ]
}

if nm -D "$PROGRAMS/imapd" 2>/dev/null | grep -q '__[at]san'; then
	site_start "" && refused 'no system-call filters: built with sanitizers'
	ok 'a build with sanitizers says once that it has no filters'
	plan
fi
site_start MAXPERUSER=50
ok 'the server starts'
cat >"$site/hold.t" <<-'T'
1+
1> a SELECT INBOX
1$ a OK
1> b IDLE
1< + ...
@sleep 60000
T
"$talk" -p "$port" "$site/hold.t" >"$site/hold.out" 2>&1 &
hold=$!
wait_for 5 logged 'LOGIN, user=demo.*protocol=IMAP' && sleep 0.3
look

if logged 'no system-call filters'; then
	skip 'filters' 'this kernel has none'
else
	# The master's own and so everybody's, as root; then one of each.
	m=0
	[ "$(id -u)" -ne 0 ] || logged 'filter of the master' || m=1
	[ "$(field "$master" Seccomp_filters)" = $m ] && each pam filters $m
	ok 'master and pam have the filter of the master'
	for r in log auth watch worker spawner template spare; do
		each $r filters $((m + 1))
		ok "$r: filtered"
	done
	each session filters $((m + 2))
	ok 'a session: filtered by its own as well'
	each template data 1073741824 && each session data 1073741824
	ok 'sessions have at most 1 GiB of data'
fi
# no_net PID: sees no interface but its own loopback, which is down
# shellcheck disable=SC2317
no_net() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
		[ "$(sed 1,2d "/proc/$1/net/dev" | grep -c :)" -le 1 ] &&
		[ "$(sed 1d "/proc/$1/net/route" | wc -l)" -eq 0 ]
}
# shellcheck disable=SC2317
same_net() { [ "$(readlink "/proc/$1/ns/net")" = "$(readlink /proc/self/ns/net)" ]; }
if [ "$(id -u)" -ne 0 ]; then
	skip 'networks of their own' 'not root'
elif logged 'no networks of their own'; then
	refused 'no networks of their own'
	ok 'a machine that gives no networks: one line of the log'
else
	each log no_net && each auth no_net && each watch no_net &&
		each worker no_net && each pam same_net && each session same_net
	ok 'log, auth, watch and worker: an empty network of their own'
fi
each log files 1024 && each auth files 1024 && each pam files 1024 &&
	each spawner files 1024 && each template files 256 &&
	each session files 256
ok 'open files: servants 1,024, sessions 256'
good=0
for r in log auth pam spawner template spare session watch worker; do
	each $r core 0 || good=1
done
core "$master" 0 && [ $good -eq 0 ]
ok 'nobody leaves a core file'
if ! logged 'no system-call filters'; then
	each worker size 0 && each watch size 0 && each worker forks 0 &&
		each watch forks 0 && each log forks 0
	ok 'worker and watch write no file, and with log start no process'
fi
each template oom 500 && each session oom 500 && each worker oom 0
ok 'short of memory: sessions go first'
if [ "$(id -u)" -ne 0 ]; then
	skip 'short of memory: master, auth, spawner, watch stay' 'not root'
elif oom "$master" -900; then
	each auth oom -500 && each spawner oom -500 && each watch oom -500 &&
		each pam oom 0 && ! logged oom_score_adj
	ok 'short of memory: master, auth, spawner, watch stay'
else
	refused 'not spared when memory is short: oom_score_adj'
	ok 'a machine that refuses to spare the master: one line of the log'
fi
want=$(sed -n 's/.* \([0-9]*\) open files instead of.*/\1/p' "$site/log")
if [ -n "$want" ]; then
	refused 'open files instead of' &&
		[ "$(soft "$master" 'Max open files')" = "$want" ]
	ok 'a machine that refuses more open files: one line of the log'
else
	[ "$(soft "$master" 'Max open files')" -gt 1024 ]
	ok 'open files for as many clients as MAXDAEMONS'
fi
kill $hold 2>/dev/null
wait $hold 2>/dev/null

# A session may load no code: character sets must be there before.
box=$site/mail/demo/Maildir/cur
k=0
put() { # CHARSET BYTES (octal): a message with them in its text
	k=$((k + 1))
	{
		printf 'Subject: charset-test %s\nContent-Type: text/plain; charset=%s\n\n' "$k" "$1"
		# shellcheck disable=SC2059
		printf "$2\n"
	} >"$box/17999$k.M1P1.charset:2,S"
}
put windows-1251 '\347\340\354\345\362\352\340'
put koi8-r '\332\301\315\305\324\313\301'
put iso8859-5 '\327\320\334\325\342\332\320'
put cp866 '\247\240\254\245\342\252\240'
# shellcheck disable=SC2016
put iso-2022-jp '\033$B%%a%%b\033(B'
put shift_jis '\203\201\203\202'
put euc-jp '\245\341\245\342'
put gb2312 '\261\312\274\307'
put gb18030 '\261\312\274\307'
put big5 '\265\247\260\117'
put euc-kr '\270\336\270\360'
put windows-1252 'caf\351'
put iso-8859-15 'caf\351 \244'
put x-nobody-knows 'caf\351'
put viscii '\350\342u'
put cp1258 '\352u'
# Not loaded: as if nobody knew them, and the session goes on.
put x-nobody-knows 'caf\351'
put euc-tw '\261\312'
put iso-ir-166 '\261'
put johab '\261\312'
chown "$(stat -c %u:%g "$box")" "$box"/*
{
	printf '1+ nologin\n1> a LOGIN demo demo\n1$ a OK\n1> b SELECT INBOX\n1$ b OK\n'
	for word in заметка:4 メモ:3 笔记:2 筆記:1 메모:1 café:2 èâu:1 êu:1 \
		nobody:0; do
		text=${word%:*}
		printf '1> s SEARCH RETURN (COUNT) CHARSET UTF-8 SUBJECT charset-test BODY {%d+}$<0d0a>%s\n' \
			"$(printf %s "$text" | wc -c)" "$text"
		printf '1< * ESEARCH (TAG "s") COUNT %s\n1$ s OK\n' "${word#*:}"
	done
} >"$site/charset.t"
"$talk" -p "$port" "$site/charset.t" >"$site/talk.out" 2>&1
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
[ $rc -eq 0 ]
ok 'character sets are there though a session may load no code'
site_stop
ok 'the server stops'
! logged ' died\| crashed\|Bad system call'
ok 'no process died of a call that it may not make'

# As under valgrind, whose preloaded library has such a name.
: >"$site/log"
env LD_PRELOAD=/vgpreload_none "$PROGRAMS/imapd-master" -F -f "$site/imapd" \
	>>"$site/log" 2>&1 &
master=$!
# shellcheck disable=SC2119
wait_for 20 test -s "$site/imapd.pid" && greets >/dev/null &&
	refused 'no system-call filters'
ok 'without filters the server runs, and says so once'
site_stop
# without CALL... -- COMMAND: as a kernel that has not got these calls
without=$PROGRAMS/t/evil/without
required() { # CALL: where it is missing SANDBOX=required starts nothing
	printf 'SANDBOX=required\n' >>"$site/imapd"
	"$without" "$1" -- "$PROGRAMS/imapd-master" -F -f "$site/imapd" \
		>"$site/out" 2>&1 &
	pid=$!
	all_gone 20 $pid && ! wait "$pid" && grep "SANDBOX=required: $2" "$site/out" &&
		[ ! -s "$site/imapd.pid" ]
	rc=$?
	sed -i '/^SANDBOX/d' "$site/imapd"
	return $rc
}
degraded() { # CALL LINE: where it is missing the server runs and says so once
	: >"$site/log"
	"$without" "$1" -- "$PROGRAMS/imapd-master" -F -f "$site/imapd" \
		>>"$site/log" 2>&1 &
	master=$!
	# shellcheck disable=SC2119
	wait_for 20 test -s "$site/imapd.pid" && greets >/dev/null &&
		refused "$2"
	rc=$?
	site_stop
	return $rc
}
degraded seccomp 'no system-call filters: no seccomp'
ok 'a kernel without seccomp: one line of the log'
degraded landlock_create_ruleset 'no Landlock in this kernel'
ok 'a kernel without Landlock: one line of the log'
required seccomp 'no system-call filters: no seccomp'
ok 'SANDBOX=required: nothing starts without seccomp'
required landlock_create_ruleset 'no Landlock'
ok 'SANDBOX=required: nothing starts without Landlock'
if [ "$(id -u)" -eq 0 ]; then
	degraded unshare 'no networks of their own'
	ok 'a machine that gives no networks: one line of the log'
	required unshare 'no networks of their own'
	ok 'SANDBOX=required: nothing starts without them'
fi
: >"$site/log"
printf 'SANDBOX=off\n' >>"$site/imapd"
# shellcheck disable=SC2119
site_run && greets >/dev/null && look && refused 'SANDBOX=off' &&
	each spare filters 0 && each worker filters 0
ok 'SANDBOX=off: no filters, and the log says so'
site_stop
sed -i '/^SANDBOX/d' "$site/imapd"
for v in '' 0 no maybe; do
	printf 'SANDBOX="%s"\n' "$v" >>"$site/imapd"
	"$PROGRAMS/imapd-master" -t -f "$site/imapd" >"$site/out" 2>&1
	echo "$v $?"
	sed -i '/^SANDBOX/d' "$site/imapd"
done >"$site/values"
! grep -q ' 0$' "$site/values"
ok 'SANDBOX: an empty or unknown word is an error'
plan
