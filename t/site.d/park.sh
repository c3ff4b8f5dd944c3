#!/bin/sh
# Parked clients at random, compared with the truth after every step; then the
# same while processes are killed. Prints TAP. PARK_SECONDS (5, twice) and
# PARK_SEED choose another walk.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'parked clients at random' 'no python3'
	plan
fi
seconds=${PARK_SECONDS:-5} seed=${PARK_SEED:-$$}
walk() { # NAME [MASTER]
	name=$1
	shift
	timeout $((seconds + 120)) python3 t/site.d/park.py "$port" "$sslport" \
		"$site/mail/demo/Maildir" "$seconds" "$seed" "$@" \
		>"$site/park" 2>&1
	rc=$?
	grep -v '^=' "$site/park" | sed 's/^/# /'
	(exit $rc)
	ok "$name $(tail -n 1 "$site/park")"
}
site_make MAXPERIP=100 MAXPERUSER=30 WORKERS=2 IMAP_PARK_LINGER=0 \
	IMAP_LINGER=1 IMAP_IDLE_TIMEOUT=2 IMAP_PARK_YIELD=0
site_run
ok 'the server starts'
walk 'clients park and come back'
grep ' died\| crashed\|Sanitizer\|cannot come back\|bad message' "$site/log" >"$site/harm"
sed 's/^/# /' "$site/harm"
! [ -s "$site/harm" ]
ok 'no process died, every client came back'
walk 'processes are killed' "$master"
site_stop
ok 'the server stops cleanly'
! logged 'Sanitizer\|ssertion'
ok 'nothing else died'
plan
