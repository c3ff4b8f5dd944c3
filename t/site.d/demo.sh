#!/bin/sh
# What a newcomer's `make demo` does when something is unusual: each case either
# works or ends with one clear line. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
port=$(free_port 3) sslport=$(free_port 4)
# Started by root or not, the programs must be within reach of everybody.
mkdir "$site/bin" "$site/etc"
cp "$PROGRAMS"/imapd* "$site/bin"
cp etc/demo etc/demo-mail "$site/etc"
DEMO_CERT=${DEMO_CERT:-}
[ -f "$DEMO_CERT" ] || DEMO_CERT=
export DEMO_CERT
demo() { # [NAME=VALUE ...]: in the foreground; its words in $site/said
	env PROGRAMS="$site/bin" DEMO_PORT="$port" DEMO_SSLPORT="$sslport" "$@" \
		"$site/etc/demo" >"$site/said" 2>&1
}
says_only() { # PATTERN: it failed, and that one line is all it said
	[ $? -eq 1 ] || return 1
	if [ "$(wc -l <"$site/said")" -eq 1 ] && grep -q "$1" "$site/said"; then
		return 0
	fi
	sed 's/^/# /' "$site/said"
	return 1
}
begin() { # [NAME=VALUE ...]: in the background, in a group of its own
	setsid env PROGRAMS="$site/bin" DEMO_PORT="$port" \
		DEMO_SSLPORT="$sslport" "$@" "$site/etc/demo" \
		>"$site/log" 2>&1 &
	master=$!
	wait_for 60 logged ': ready, '
}
end() { # by a signal to the whole group
	kill -TERM "-$master"
	if ! wait_for 20 gone "$master"; then
		kill -KILL "-$master"
	fi
	wait "$master"
	rc=$?
	master=
	return $rc
}

demo DEMO_PORT=imap
says_only 'are numbers'
ok 'a port that is no number'
for wrong in 0 65536; do
	demo DEMO_SSLPORT=$wrong DEMO_DIR="$site/x"
	says_only "ports go from 1 to 65535: $wrong"
	ok "port $wrong"
done
demo DEMO_DIR="$site/"'a"b'
says_only 'may not hold quotes'
ok 'a path with a quote'
for more in 0 1; do
	long=$(printf "%$((200 + more - ${#site} - 1))s" | tr ' ' x)
	demo DEMO_DIR="$site/$long" DEMO_ONLY=site
	rc=$?
	[ $rc -eq $more ]
	ok "a path of $((200 + more)) bytes"
	rm -rf "${site:?}/$long"
done
grep -q 'too long' "$site/said"
ok '... is told to be too long'

begin DEMO_DIR="$site/with a blank/site" && greets demo demo >"$site/out"
ok 'a path with blanks'
first="$site/with a blank/site"
[ "$(cat "$first/imapd.pid")" = "$master" ]
ok 'imapd.pid holds the pid of the master, in the group of its starter'
grep -q "curl -u demo:demo .*:$port/" "$site/log" &&
	grep -q "openssl s_client .*:$sslport" "$site/log" &&
	grep -q "mutt -f imaps://demo@127.0.0.1:$sslport/" "$site/log"
ok 'it prints how to connect: curl, openssl, mutt'
demo DEMO_DIR="$site/second" DEMO_SSLPORT="$(free_port 5)"
[ $? -eq 1 ] && [ "$(grep -vc '^demo: account\|^  \|^Ctrl-C' "$site/said")" -eq 1 ] &&
	grep -q "port $port: Address already in use" "$site/said"
ok 'a port in use: one line'
demo DEMO_DIR="$first" DEMO_PORT="$(free_port 6)" DEMO_SSLPORT="$(free_port 7)"
[ $? -eq 1 ] && grep -q 'a server is running already' "$site/said"
ok 'the same site twice: one line'
printf '1+\n1> a SELECT INBOX\n1$ a OK\n1> s STORE 1 +FLAGS (mark)\n1$ s OK\n' |
	"$PROGRAMS/t/talk" -p "$port" - >"$site/out" 2>&1
end
ok 'a signal to the whole group: it stops, status 0'
! logged ' died\| crashed\|killed' && logged 'master: stopped' &&
	[ "$(grep -c 'master: stopping' "$site/log")" -eq 1 ]
ok 'and only the master acts on it'
begin DEMO_DIR="$first"
printf '1+\n1> a SELECT INBOX\n1$ a OK\n1> s SEARCH KEYWORD mark\n1<* * SEARCH 1\n1$ s OK\n' |
	"$PROGRAMS/t/talk" -p "$port" - >"$site/out" 2>&1
ok 'a second start has the same site'
kill -INT "$master"
wait "$master"
ok 'and Ctrl-C stops it cleanly'
master=
demo DEMO_DIR="$first" DEMO_USERS=3
says_only 'is a site with fewer than 3 users'
ok 'more users than it has: one line'

before=$(date +%s)
demo DEMO_DIR="$site/many" DEMO_USERS=2100 DEMO_ONLY=site
made=$(($(date +%s) - before))
[ -d "$site/many/mail/user2100/Maildir/cur" ] &&
	[ "$(wc -l <"$site/many/userdb")" -eq 2101 ] && [ $made -le 60 ]
ok 'DEMO_USERS=2100 in seconds'
echo "# $made s"
begin DEMO_DIR="$site/many" && greets user0001 demo >"$site/out" &&
	greets user2100 demo >"$site/out"
ok 'the first and the last of them log in'
end
ok 'stop'

if [ "$(id -u)" = 0 ] && has setpriv; then
	mkdir -m 700 "$site/closed"
	demo DEMO_DIR="$site/closed/site"
	says_only 'cannot reach .*: a folder above is closed'
	ok 'a closed folder above DEMO_DIR: one line'
	mkdir "$site/closed/built"
	cp "$site/bin"/* "$site/closed/built"
	begin PROGRAMS="$site/closed/built"
	taken=$(sed -n 's/^demo: .* is closed to uid [0-9]*: using //p' "$site/log")
	greets demo demo >"$site/out"
	ok 'a closed folder above the build: it takes one under /var/tmp'
	end
	case $taken in
	/var/tmp/imapd-demo.*) rm -rf "$taken" ;;
	*) false ;;
	esac
	ok '... and says which'
	mkdir "$site/nobody" && chown 65534:65534 "$site/nobody"
	chmod -R go+rX "$site/bin" "$site/etc"
	[ -z "$DEMO_CERT" ] || cp "$DEMO_CERT" "$site/cert.pem"
	setsid setpriv --reuid 65534 --regid 65534 --clear-groups env \
		PROGRAMS="$site/bin" DEMO_PORT="$port" DEMO_SSLPORT="$sslport" \
		DEMO_DIR="$site/nobody/site" DEMO_CERT= "$site/etc/demo" \
		>"$site/log" 2>&1 &
	master=$!
	wait_for 60 logged ': ready, ' && greets demo demo >"$site/out" &&
		logged 'not started by root: all processes run as uid 65534'
	ok 'started by an ordinary user'
	[ "$(processes | while read -r p _; do stat -c %u "/proc/$p"; done |
		sort -u)" = 65534 ]
	ok 'all of it runs as that user'
	end
	ok 'stop'
else
	skip 'closed folders, an ordinary user' 'not root'
fi
plan
