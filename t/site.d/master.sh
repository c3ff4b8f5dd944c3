#!/bin/sh
# The master: settings refused and reloaded, limits told, processes that die are
# replaced, stops. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
talk=$PROGRAMS/t/talk
say() { # a conversation with the running site, on standard input
	"$talk" -p "$port" - >"$site/talk.out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
	return $rc
}

site_make MAXPERIP=3 IMAP_PARK_YIELD=0 MAXPERIP_EXEMPT=192.0.2.1 WORKERS=2 MAXPERUSER=50 \
	SSLPIDFILE="$site/run/ssl.pid"
printf 'MAXPERIP=many\nPORT=99999\nif true; then\n' >"$site/bad"
! "$PROGRAMS/imapd-master" -t -f "$site/bad" >"$site/t.out" 2>&1 &&
	grep -q "bad:1:" "$site/t.out" &&
	grep -q "bad:2:" "$site/t.out" && grep -q "bad:3:" "$site/t.out"
ok '-t prints every error with file and line'
"$PROGRAMS/imapd-master" -t -f "$site/imapd" >"$site/t.out" 2>&1 &&
	grep -q STARTTLS "$site/t.out" && grep -q 'LITERAL+' "$site/t.out"
ok '-t says what is announced'
"$PROGRAMS/imapd-master" -v | grep -qi imap
ok '-v prints a version'

site_run
ok 'the server starts'
wait_for 5 test -s "$site/run/ssl.pid" &&
	[ "$(cat "$site/run/ssl.pid")" = "$master" ]
ok 'SSLPIDFILE has its pid, too, in a folder that was not there'
! "$PROGRAMS/imapd-master" -F -f "$site/imapd" >"$site/second" 2>&1 &&
	[ "$(grep -c . "$site/second")" -le 3 ]
ok 'a second server on the same ports and pid file is refused in a clear line'

say <<'T'
# MAXPERIP 3: the fourth reads why; raising it by a reload drops nobody
1+
2+
3+
4+ nologin
4< * BYE [ALERT] ...3...
4- eof
T
ok 'over MAXPERIP on PORT: one BYE line'
logged 'Maximum connection limit reached for .*127.0.0.1'
ok 'over MAXPERIP: a log line'
{
	echo '1+'
	echo '2+'
	echo '3+'
	echo '@sleep 3000'
	echo '1> a NOOP'
	echo '1$ a OK'
} >"$site/hold.t"
"$talk" -p "$port" "$site/hold.t" >"$site/hold.out" 2>&1 &
hold=$!
sleep 1
timeout 10 openssl s_client -quiet -connect "127.0.0.1:$sslport" \
	</dev/null 2>/dev/null >"$site/ssl.out"
true # SSLPORT counts apart
sed -i 's/^MAXPERIP="3"/MAXPERIP="10"/' "$site/imapd"
kill -HUP "$master"
sleep 0.5
say <<'T'
4+
4> a NOOP
4$ a OK
T
ok 'a reload that raises MAXPERIP works at once'
wait $hold
ok 'and drops nobody'

cp "$site/imapd" "$site/good"
printf 'MAXPERIP=0\nWHAT IS THIS\n' >>"$site/imapd"
kill -HUP "$master"
wait_for 5 logged "imapd:[0-9]*:.*MAXPERIP"
ok 'a reload with an error logs file and line'
cp "$site/good" "$site/imapd"
say <<'T'
1+
1> a NOOP
1$ a OK
T
ok 'and goes on with the old settings'

for kind in worker auth session spawner watch log template pam; do
	p=$(role "$kind" | head -n 1)
	if [ "$kind" = session ]; then
		printf '1+\n1> a NOOP\n1$ a OK\n@sleep 1500\n1- eof\n' |
			"$talk" -p "$port" - >/dev/null 2>&1 &
		t=$!
		sleep 0.7
		p=$(role session | head -n 1)
	fi
	if [ -z "$p" ]; then
		false
		ok "a $kind process runs"
		continue
	fi
	kill -KILL "$p"
	wait_for 5 gone "$p"
	[ "$kind" != session ] || wait "$t"
	sleep 0.3
	wait_for 10 greets
	ok "the server serves again after its $kind was killed"
done

pids=$(processes | cut -d ' ' -f 1)
printf '1+\n1> a IDLE\n1< + ...\n@sleep 500\n1< * BYE ...\n1- eof\n' >"$site/bye.t"
"$talk" -p "$port" "$site/bye.t" >"$site/bye.out" 2>&1 &
bye=$!
sleep 0.4
kill -TERM "$master"
wait "$master"
ok 'SIGTERM: exit status 0'
master=
[ ! -e "$site/imapd.pid" ] && [ ! -e "$site/run/ssl.pid" ]
ok 'and no pid file'
wait $bye
ok 'an idle client reads BYE'
sed 's/^/# /' "$site/bye.out" | grep -v '# ok'
# shellcheck disable=SC2086
all_gone 2 $pids
ok 'and every process is gone'

# As Courier's own is while both serve.
mkdir -p "$site/run"
echo $$ >"$site/run/ssl.pid"
site_run
wait_for 5 logged "SSLPIDFILE .*another server's" &&
	[ "$(cat "$site/run/ssl.pid")" = $$ ]
ok 'an SSLPIDFILE of somebody who lives is left as it is'
pids=$(processes | cut -d ' ' -f 1)
kill -KILL "$master"
wait "$master" 2>/dev/null
left=0
for p in $pids; do
	wait_for 10 gone "$p" || left=1
done
[ $left -eq 0 ]
ok 'a master killed -9: all others are gone in 10 s'
site_run && wait_for 5 greets
ok 'and the next start needs no clean-up'
kill -INT "$master"
wait "$master"
ok 'SIGINT: exit status 0'
[ "$(cat "$site/run/ssl.pid")" = $$ ]
ok 'nor is it removed'
master=
plan
