#!/bin/sh
# imapd-deliver: what it writes and syncs, in which order; killed before every
# call that changes the disk, and with each of them failing: a message is there
# whole or not at all, and 0 is said only of one that is there.
# shellcheck source=t/crash/common
. "$(dirname "$0")/common"
needs_strace
agent=$(cd "$o" && pwd)/imapd-deliver
unset MAILDIR IMAP_NOTIFYSOCKET
tell() { # why it went wrong
	echo "$*" >>"$tmp/diff"
}
# As root: the fixture is nobody's, and so are we.
as=
if [ "$(id -u)" = 0 ]; then
	as='setpriv --reuid 65534 --regid 65534 --clear-groups'
	chmod 711 "$tmp"
	chown -R 65534:65534 "$base"
fi
printf 'Subject: delivered\n\n%s\n' "$(seq 1 3000)" >"$tmp/message"
{
	echo 'From anna Thu Jan  1 00:00:00 1970'
	cat "$tmp/message"
} >"$tmp/mbox"

fresh
cat >"$tmp/run" <<-T
	echo READY
	$as env IMAP_USELOCKS=0 '$agent' -m '$tmp/site' -l S -N '' <'$tmp/mbox' && echo OK
T
strace -f -y -s 32 -o "$tmp/trace" -e trace="$calls" \
	sh "$tmp/run" >"$tmp/said" 2>"$tmp/err"
awk -v SITE="$tmp/site" -f "$dir/events.awk" "$tmp/trace" |
	grep -v -e '^write pipe' -e '^UNKNOWN open("/proc/self/' >"$tmp/got"
cat >"$tmp/want" <<-T
	create tmp/MSG
	write tmp/MSG
	fsync tmp/MSG
	rename tmp/MSG cur/MSG:2,S
	fsync cur
	write courierimapuiddb
	fdatasync courierimapuiddb
	OK
T
diff -u "$tmp/want" "$tmp/got" >"$tmp/diff"
cat "$tmp/err" >>"$tmp/diff"
ok 'writes and syncs in their order: three syncs' "$tmp/diff"

# The messages of new/ and cur/ that are not the fixture's; all of them whole?
delivered() {
	find "$tmp/site/new" "$tmp/site/cur" -type f -newer "$tmp/mark" |
		while read -r f; do
			if cmp -s "$f" "$tmp/message"; then
				echo whole
			else
				tell "$1: part of a message in $f"
				echo part
			fi
		done
}
# INJECT: one run with it; its exit status
try() {
	fresh
	touch -d '+1 second' "$tmp/mark"
	find "$tmp/site" -exec touch -d '-1 hour' {} +
	touch -d '-1 minute' "$tmp/mark"
	$as strace -f -o /dev/null -e trace="${1%%:*}" -e inject="$1" \
		"$agent" -m "$tmp/site" -N '' <"$tmp/mbox" >/dev/null \
		2>"$tmp/err"
}
: >"$tmp/diff"
for call in write fsync renameat2 fdatasync pwrite64; do
	for fault in signal=KILL error=ENOSPC error=EIO; do
		for when in 1 2; do
			name="$call $when $fault"
			try "$call:$fault:when=$when"
			rc=$?
			got=$(delivered "$name" | tr '\n' ' ')
			case $rc:$got in
			0:'whole ' | 75: | 137: | 137:'whole ' | 9: | 9:'whole ') ;;
			*) tell "$name: exit $rc, delivered: $got" ;;
			esac
			[ $rc -ne 75 ] || [ -s "$tmp/err" ] ||
				tell "$name: no word of why"
			if [ $rc -ne 137 ] && [ $rc -ne 9 ] &&
				[ -n "$(find "$tmp/site/tmp" -type f)" ]; then
				tell "$name: left in tmp"
			fi
		done
	done
done
ok 'killed or refused anywhere: whole or not at all' "$tmp/diff"
plan
