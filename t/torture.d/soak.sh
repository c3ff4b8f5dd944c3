#!/bin/sh
# The soak: clients that do anything, deliveries by strangers, processes killed
# -9 all the time, for SOAK_MINUTES (2); soak.py knows what each client was told
# and compares with the disk and with a last look over IMAP.
# shellcheck source=t/lib.sh
. "$(dirname "$0")/../lib.sh"

if ! has python3; then
	skip 'soak' 'no python3'
	plan
fi
USERS=6
site_start MAXPERIP=200 MAXPERUSER=50 MAXDAEMONS=300
ok 'the server starts'
python3 "$(dirname "$0")/soak.py" "$port" "$site" "$master" \
	"${SOAK_MINUTES:-2}" >"$site/soak" 2>&1
ok "$(tail -n 1 "$site/soak")"
grep -v '^=' "$site/soak" | sed 's/^/# /' | head -n 60
site_stop
ok 'the server stops cleanly'
plan
