# shellcheck shell=sh
# Sourced by t/site.d/*.sh: a site of one's own, TAP, and waiting.
# After site_start: $site (folder), $port, $sslport, $master (pid).
n=0 bad=0 master=
site=$(mktemp -d "${TMPDIR:-/tmp}/imapd-site.XXXXXX") || exit 1
chmod 755 "$site"
trap 'site_stop; rm -rf "$site"' EXIT
trap 'exit 1' INT TERM

ok() { # NAME: the last command's exit status decides
	rc=$?
	n=$((n + 1))
	if [ $rc -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		bad=1
	fi
}
skip() { # NAME REASON
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
has() { command -v "$1" >/dev/null 2>&1; }
plan() { # at the end
	if [ $bad -ne 0 ]; then
		sed 's/^/# /' "$site/log" 2>/dev/null | tail -n 60
	fi
	echo "1..$n"
	exit $bad
}
wait_for() { # SECONDS COMMAND...: until it succeeds
	end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.05
	done
}
logged() { grep -q -e "$1" "$site/log"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
greets() { curl -s -m 2 "imap://127.0.0.1:$port/" -u demo:demo; }
free_port() { # a port nobody listens on, spread by our pid
	p=$((20000 + ($$ * 7 + ${1:-0} * 101) % 20000))
	while grep -qi ":$(printf %04X $p) " /proc/net/tcp /proc/net/tcp6; do
		p=$((p + 1))
	done
	echo $p
}
# site_make [NAME=VALUE ...]: writes the site; site_run starts it
site_make() {
	port=$(free_port 1) sslport=$(free_port 2)
	DEMO_ONLY=site DEMO_DIR=$site DEMO_PORT=$port DEMO_SSLPORT=$sslport \
		DEMO_USERS=${USERS:-0} etc/demo || return 1
	for s; do
		[ -z "$s" ] || printf '%s="%s"\n' "${s%%=*}" "${s#*=}"
	done >>"$site/imapd"
}
site_run() {
	"$PROGRAMS/imapd-master" -F -f "$site/imapd" >>"$site/log" 2>&1 &
	master=$!
	wait_for 20 test -s "$site/imapd.pid"
}
site_start() { site_make "$@" && site_run; }
site_stop() {
	[ -n "$master" ] || return 0
	kill -TERM "$master" 2>/dev/null
	if ! wait_for 15 gone "$master"; then
		kill -KILL "$master"
	fi
	wait "$master" 2>/dev/null
	rc=$?
	master=
	return $rc
}
