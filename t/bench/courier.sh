#!/bin/sh
# Courier on its two ports, inside a mount namespace that is ours alone:
# t/bench/courier.sh DIR IMAPLOGIN IMAPD OWNER (called by servers.sh).
dir=$1 imaplogin=$2 imapd=$3 owner=$4
# gamin, its notifier, serves nobody without a name.
if ! getent passwd "$owner" >/dev/null; then
	cp /etc/passwd "$dir/passwd"
	echo "benchmail:x:$owner:$owner::/nonexistent:/bin/false" >>"$dir/passwd"
	mount --bind "$dir/passwd" /etc/passwd || exit 1
fi
mkdir -p /etc/courier /run/courier
mount --bind "$dir/etc" /etc/courier || exit 1
mount --bind "$dir/run" /run/courier || exit 1
set -a
# shellcheck disable=SC1091
. /etc/courier/settings
set +a
umask 022
pids=
finish() {
	# shellcheck disable=SC2086
	kill -TERM $pids 2>/dev/null
	wait
	exit 0
}
trap finish INT TERM
(
	set -a
	# shellcheck disable=SC1091
	. /etc/courier/authdaemonrc
	exec /usr/lib/courier/courier-authlib/authdaemond
) &
pids=$!
sleep 0.5
# shellcheck disable=SC2153
couriertcpd -address=127.0.0.1 -maxprocs=20000 -maxperip=20000 \
	-nodnslookup -noidentlookup "$PORT" "$imaplogin" "$imapd" Maildir &
pids="$pids $!"
# shellcheck disable=SC2153
IMAP_TLS=1 couriertcpd -address=127.0.0.1 -maxprocs=20000 -maxperip=20000 \
	-nodnslookup -noidentlookup "$SSLPORT" "$COURIERTLS" -server -tcpd \
	-user=courier "$imaplogin" "$imapd" Maildir &
pids="$pids $!"
wait
