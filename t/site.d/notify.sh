#!/bin/sh
# NOTIFY against the whole server: more folders than are watched, more mailboxes
# than are told of. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'NOTIFY' 'no python3'
	plan
fi
site_start ''
ok 'the server starts'
clients timeout 300 python3 t/site.d/notify.py "$port" "$site/mail/demo/Maildir" \
	"$PROGRAMS/imapctl" "$site/control"
site_stop
ok 'the server stops cleanly'
! logged ' died\| crashed\|Sanitizer'
ok 'no process died meanwhile'
plan
