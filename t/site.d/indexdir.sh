#!/bin/sh
# INDEXDIR: indexes outside the Maildirs, one for each account, made by the
# spawner. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
USERS=1
site_make INDEXDIR="$site/index" IMAP_LINGER=0
mkdir -m 755 "$site/index"
box=$site/mail/demo/Maildir
uid=$(stat -c %u "$box")
look() { # ACCOUNT PATTERN: what SELECT says
	"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1 <<-T
	1+ $1
	1> a SELECT INBOX
	1<* * OK [$2...
	1\$ a OK
	T
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
	return $rc
}
site_run
ok 'the server starts'
look demo HIGHESTMODSEQ && look user0001 HIGHESTMODSEQ
ok 'two accounts of one uid have change numbers'
[ "$(find "$site/index/$uid" -name data.mdb -user "$uid" | wc -l)" -eq 2 ]
ok 'from an index each, in INDEXDIR/UID, which is the uid'"'"'s'
[ ! -e "$box/corkboard/index" ]
ok 'and none in the Maildir'
[ "$(stat -c '%u %a' "$site/index/$uid")" = "$(id -u) 711" ]
ok 'INDEXDIR/UID is not the uid'"'"'s to change'
for verb in check rebuild check drop; do
	"$PROGRAMS/imapctl" -c "$site/imapd" -f "$site/userdb" index $verb demo
done >"$site/ctl.out" 2>&1
[ ! -s "$site/ctl.out" ] && [ ! -e "$box/corkboard/index" ] &&
	[ "$(find "$site/index/$uid" -name data.mdb | wc -l)" -eq 1 ]
ok 'imapctl index finds them there'
rm -r "${site:?}/index/$uid"
look demo HIGHESTMODSEQ && [ -d "$site/index/$uid" ]
ok 'deleted, it is made anew'
rm -r "${site:?}/index/$uid"
mkdir -m 777 "$site/elsewhere"
ln -s "$site/elsewhere" "$site/index/$uid"
look demo NOMODSEQ && logged "INDEXDIR: uid $uid" &&
	[ -z "$(ls -A "$site/elsewhere")" ]
ok 'a symlink there is not followed: no index, a line of the log'
site_stop
ok 'the server stops cleanly'
plan
