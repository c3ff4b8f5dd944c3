#!/bin/sh
# One of two workers is killed beneath sixty clients that idle, fetch and append:
# only its clients are lost, their sessions end, what was acknowledged is there and
# nothing in halves, and it is replaced at once (bereft.py; RELIABILITY C3). Prints
# TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'a worker is killed beneath its clients' 'no python3'
	plan
fi
USERS=20
site_make WORKERS=2 IMAP_PARK=0 IMAP_LINGER=0 MAXPERIP=300 MAXPERUSER=100
site_run
ok 'the server starts'
clients timeout 200 python3 t/site.d/bereft.py "$port" "$site/mail" "$master"
site_stop
ok 'the server stops'
plan
