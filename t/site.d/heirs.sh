#!/bin/sh
# Parked clients go to the new workers when the programs are renewed. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'heirs' 'no python3'
	plan
fi
site_make WORKERS=2 MAXPERIP=200 MAXPERUSER=200
bin=$site/bin
mkdir "$bin"
cp "$PROGRAMS/imapd-master" "$PROGRAMS/imapd-worker" "$PROGRAMS/imapd-auth" \
	"$PROGRAMS/imapd" "$bin"
rm -f "$site"/mail/demo/Maildir/new/* "$site"/mail/demo/Maildir/cur/*
"$bin/imapd-master" -F -f "$site/imapd" >>"$site/log" 2>&1 &
master=$!
wait_for 20 test -s "$site/imapd.pid"
ok 'the server starts'
clients python3 t/site.d/heirs.py "$port" "$sslport" "$master" "$PROGRAMS" \
	"$bin" "$site"
site_stop
ok 'the server stops cleanly'
! logged 'broke the rules\| crashed\|bad message\|refused\|no session for'
ok 'and nothing broke'
plan
