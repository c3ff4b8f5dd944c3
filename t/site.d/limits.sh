#!/bin/sh
# The table of limits (shm/limits.h): every row at -1, 0 and +1. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'every limit at its edge' 'no python3'
	plan
fi
site_make AUTH_FLOOR_MS=1 MAXPERUSER=100
site_run
ok 'the server starts'
"$PROGRAMS/t/evil/limits" >"$site/table"
cat t/unit/*.c >"$site/units"
clients python3 t/site.d/limits.py "$port" "$site/table" "$site/units" \
	"$site/mail/demo/Maildir"
site_stop
ok 'the server stops'
! logged ' died\| broke the rules\|ended with status'
ok 'no process came to harm'
plan
