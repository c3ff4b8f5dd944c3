#!/bin/sh
# A session that lingers for the account's next client. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
site_make WORKERS=1 IMAP_LINGER=60
box=$site/mail/demo/Maildir
look() { # PATTERN: what SELECT says of the messages
	"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1 <<-T
	1+
	1> a SELECT INBOX
	1<* * $1 EXISTS
	1\$ a OK
	1> b LOGOUT
	1\$ b OK
	T
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
	return $rc
}
site_run
ok 'the server starts'
look 17
one=$(role session)
look 17 && [ -n "$one" ] && [ "$(role session)" = "$one" ]
ok 'the next client of an account has the session of the last'
cp -a "$box" "$site/saved"
rm -r "$box"
cp -a "$site/saved" "$box"
rm "$box"/cur/*M1P1.demo*
look 16 && [ "$(role session)" != "$one" ]
ok 'a Maildir that was restored meanwhile has a session of its own'
one=$(role session)
mv "$box" "$site/aside"
mv "$site/saved" "$box"
look 17 && [ "$(role session)" != "$one" ]
ok 'so has one that was put in its place'
one=$(role session)
mv "$box" "$box.away"
mv "$box.away" "$box"
look 17 && [ "$(role session)" = "$one" ]
ok 'one that is in its place again is the same'
site_stop
ok 'the server stops cleanly'
! logged ' died\| crashed'
ok 'and nothing died'
plan
