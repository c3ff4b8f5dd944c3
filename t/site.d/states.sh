#!/bin/sh
# Every command in every state (states.py). Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'every command in every state' 'no python3'
	plan
fi
site_make TRUSTED_NETS=127.0.0.1 AUTH_FLOOR_MS=1 MAXPERUSER=200 MAXPERIP=200
site_run
ok 'the server starts'
clients python3 t/site.d/states.py "$port" worker/imap/command.c
site_stop
! logged ' died\| broke the rules\|ended with status'
ok 'no process came to harm'
plan
