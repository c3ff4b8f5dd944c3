#!/bin/sh
# A session that has been taken over (t/evil/session.c) tries to open another's mail:
# by its path, "..", a link, /proc, a hard link. Its uid alone and Landlock alone each
# keep it away (a filter of system calls does not look at names); where there is
# neither it gets there, which shows that the ways are ways (RELIABILITY E3). Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
USERS=2
site_make IMAP_LINGER=0
mkdir "$site/programs"
for p in imapd-master imapd-auth imapd-worker; do
	cp "$PROGRAMS/$p" "$site/programs/$p"
done
cp "$PROGRAMS/t/evil/session" "$site/programs/imapd"
alice=$site/mail/user0001/Maildir bob=$site/mail/user0002/Maildir
printf 'Subject: secret\n\n.\n' >"$bob/cur/1.secret:2,S"
chown "$(stat -c %u:%g "$bob")" "$bob/cur/1.secret:2,S"
ln -s "$bob" "$alice/thief"
# SETTING: sets $stolen, and $touched (1: not); false: the thief did not come to its end
stolen() {
	: >"$site/log"
	rm -f "$alice/tmp/stolen" "$site/imapd.pid"
	touch -d @1 "$bob/cur/1.secret:2,S"
	printf '%s\n' "$1" >>"$site/imapd"
	"$site/programs/imapd-master" -F -f "$site/imapd" >>"$site/log" 2>&1 &
	master=$!
	wait_for 20 test -s "$site/imapd.pid"
	printf '1+ nologin\n1> evil2000 LOGIN user0001 demo\n1- eof\n' |
		"$PROGRAMS/t/talk" -p "$port" - >/dev/null 2>&1
	wait_for 20 logged 'thief: done'
	came=$?
	site_stop
	touched=$(stat -c %Y "$bob/cur/1.secret:2,S")
	stolen=$(grep -c 'thief: opened' "$site/log")
	return $came
}
# The demonstration's mail has one uid.
stolen SANDBOX=off && [ "$stolen" -ge 4 ] && [ "$touched" -ne 1 ]
ok 'one uid and no Landlock: the ways are ways'
stolen SANDBOX=on
rc=$came
if logged 'no Landlock'; then
	skip 'Landlock alone' 'this machine has no Landlock'
else
	[ $rc -eq 0 ] && [ "$stolen" -eq 0 ]
	ok 'one uid, Landlock alone: nothing is opened'
fi
[ "$touched" -eq 1 ]
ok 'one uid: the filter keeps it from the times of what it may not open'
if [ "$(id -u)" -ne 0 ]; then
	skip 'uids alone' 'not root: all mail has one uid'
	plan
fi
for i in 1 2; do
	uid=$((64000 + i))
	sed -i "/^user000$i	/s/uid=[0-9]*|gid=[0-9]*/uid=$uid|gid=$uid/" "$site/userdb"
	chown -R -h $uid:$uid "$site/mail/user000$i"
done
stolen SANDBOX=off && [ "$stolen" -eq 0 ] && [ "$touched" -eq 1 ]
ok 'uids alone: nothing is opened'
plan
