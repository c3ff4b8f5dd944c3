#!/bin/sh
# An account whose sessions crash again and again, and an address whose workers do:
# both are held off, others are served, a worker is always there soon (crashes.py;
# RELIABILITY C11, C12). Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'crashes again and again' 'no python3'
	plan
fi
USERS=2
site_make WORKERS=1 IMAP_LINGER=0 AUTH_FLOOR_MS=1 MAXRATE_PERIP=6000
site_run
ok 'the server starts'
clients timeout 120 python3 t/site.d/crashes.py "$port" "$sslport" "$master" "$site/log"
site_stop
ok 'the server stops'
! logged 'died of signal 9'
ok 'nobody else came to harm'
plan
