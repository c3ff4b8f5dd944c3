#!/bin/sh
# A process that stands still for a while (SIGSTOP; a machine that swaps) is only
# slow: it goes on where it was, and nobody is lost (RELIABILITY 3.C). Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'a process that stands still' 'no python3'
	plan
fi
site_start WORKERS=1 TRUSTED_NETS=127.0.0.1 MAXPERIP=2000 MAXPERUSER=100
ok 'the server starts'
clients timeout 120 python3 t/site.d/stopped.py "$port" "$master" \
	"$PROGRAMS/imapctl" -C "$site/control"
! logged 'does not read its channel\|takes no answer\| died'
ok 'nobody was ended for it'
site_stop
ok 'the server stops cleanly'
plan
