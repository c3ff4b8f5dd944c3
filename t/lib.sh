# shellcheck shell=sh
# Sourced by t/site.d/*.sh: a site of one's own, TAP, and waiting.
# After site_start: $site (folder), $port, $sslport, $master (pid).
n=0 bad=0 master=
# The server's processes are not dumpable, so a leak checker cannot look at them.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
site=$(mktemp -d "${TMPDIR:-/tmp}/imapd-site.XXXXXX") || exit 1
chmod 755 "$site"
trap 'site_stop; rm -rf "$site"' EXIT
trap 'exit 1' INT TERM

ok() { # NAME: the last command's exit status decides; leaves all else alone
	set -- "$?" "$1"
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		bad=1
	fi
}
skip() { # NAME REASON
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
clients() { # COMMAND...: its TAP lines are ours; so is that it came to its end
	"$@" >"$site/clients.out" 2>&1
	rc=$?
	while IFS= read -r line; do
		name=${line#*ok }
		case $name in
		[0-9]*' - '*) name=${name#*- } ;;
		esac
		name=${name#- }
		case $line in
		'ok '*' # SKIP '*)
			skip "${name%% \# SKIP *}" "${line#* \# SKIP }"
			continue
			;;
		'ok '*) true ;;
		'not ok '*) false ;;
		*)
			echo "# $line"
			continue
			;;
		esac
		ok "$name"
	done <"$site/clients.out"
	[ $rc -eq 0 ]
	ok 'the clients came to their end'
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
gone() { # PID: it has ended, waited for or not
	case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
	'' | Z* | X*) return 0 ;;
	esac
	return 1
}
all_gone() { # SECONDS PID...: every one of them, within so many seconds each
	seconds=$1
	shift
	for pid; do
		wait_for "$seconds" gone "$pid" || return 1
	done
}
greets() { # [USER PASSWORD]: can one log in?
	printf '1+ nologin\n1> a LOGIN %s %s\n1$ a OK\n' \
		"${1:-demo}" "${2:-demo}" | "$PROGRAMS/t/talk" -p "$port" -
}
free_port() { # a port nobody listens on, spread by our pid
	p=$((20000 + ($$ * 7 + ${1:-0} * 101) % 20000))
	while grep -qi ":$(printf %04X $p) " /proc/net/tcp /proc/net/tcp6; do
		p=$((p + 1))
	done
	echo $p
}
processes() { # every process beneath our master: PID ROLE
	for a in $(pgrep -P "$master"); do
		echo "$a"
		for b in $(pgrep -P "$a"); do
			echo "$b"
			pgrep -P "$b"
		done
	done | while read -r p; do
		title=$(tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null) || continue
		title=${title#*: }
		echo "$p ${title%% *}"
	done
}
role() { # ROLE: its pids
	processes | awk -v r="$1" '$2 == r { print $1 }'
}
unpack() { # NAME PROGRAM LIBRARIES INSTALLED: another server's becomes $site/NAME
	if [ -x "$PROGRAMS/$1/$2" ]; then
		cp "$PROGRAMS/$1/$2" "$site/$1"
		cp -R "$PROGRAMS/$1/$3" "$site/$1.lib"
	elif [ -x "$4" ]; then
		cp "$4" "$site/$1"
	fi
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
