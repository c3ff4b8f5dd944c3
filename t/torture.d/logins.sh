#!/bin/sh
# 10,000 logins (LOGINS) while sessions are killed: no zombie is older than a second,
# and afterwards the processes are those of before (RELIABILITY C23; logins.py).
# Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'many logins' 'no python3'
	plan
fi
USERS=20
site_start WORKERS=2 IMAP_LINGER=2 MAXRATE_PERIP=60000
ok 'the server starts'
clients timeout 1200 python3 t/torture.d/logins.py "$port" "$master" \
	"${LOGINS:-10000}"
site_stop
ok 'the server stops cleanly'
plan
