#!/bin/sh
# After a fault Courier-IMAP and Dovecot read the same site (peers.py): a session
# is killed, meets errors, or is cut off by the model, and what is left names no UID
# of before for another message, to nobody. Their programs are those that etc/setup
# unpacked into O/courier and O/dovecot, or the installed packages'.
# Default: a few calls of a few operations; FULL=1: of all, at every seventh call.
# shellcheck source=t/crash/common
. "$(dirname "$0")/common"

name='other servers after faults'
skip_all() {
	echo "ok 1 - $name # SKIP $1"
	echo 1..1
	exit 0
}
command -v python3 >/dev/null 2>&1 || skip_all 'no python3'
CRASH_PROGRAMS=$tmp/programs
CRASH_PEERS=$dir/peers.py
export CRASH_PROGRAMS CRASH_PEERS
mkdir "$CRASH_PROGRAMS"
cp "$o/imapd" "$CRASH_PROGRAMS/ours"
unpack() { # NAME PROGRAM LIBRARIES INSTALLED
	if [ -x "$o/$1/$2" ]; then
		cp "$o/$1/$2" "$CRASH_PROGRAMS/$1"
		cp -R "$o/$1/$3" "$CRASH_PROGRAMS/$1.lib"
	elif [ -x "$4" ]; then
		cp "$4" "$CRASH_PROGRAMS/$1"
	fi
}
unpack courier usr/bin/imapd usr/lib /usr/bin/imapd
unpack dovecot usr/lib/dovecot/imap usr/lib/dovecot /usr/lib/dovecot/imap
chmod 755 "$tmp"
[ "$(id -u)" != 0 ] || chown nobody "$CRASH_PROGRAMS"
case $([ -x "$CRASH_PROGRAMS/courier" ] &&
	LD_LIBRARY_PATH=$CRASH_PROGRAMS/courier.lib "$CRASH_PROGRAMS/courier" \
		--version 2>&1) in
*'Courier-IMAP 5.'*) ;;
*) skip_all 'no Courier-IMAP 5 (etc/setup courier DIR unpacks it)' ;;
esac

if [ -n "$full" ]; then
	some=$(operations) step=$((7 * ${STEP:-1}))
else
	some='append-courier move rename' step=31
fi
for op in $some; do
	wanted "$op" || continue
	swept "session: $op, kill, by all servers" by_session sweep "$op" \
		"$base" "$tmp/site" kill "$step"
	[ -n "$full" ] || continue
	swept "session: $op, EIO, by all servers" by_session sweep "$op" \
		"$base" "$tmp/site" EIO "$step"
	swept "session: $op, power cut, by all servers" by_session cut "$op" \
		"$base" "$tmp/site" $((step * 11))
done
plan
