#!/bin/sh
# No process keeps a password after a login, right or wrong (secrets.py), and no
# line of the log has one. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'passwords in memory' 'no python3'
	plan
fi
if [ "$(id -u)" -ne 0 ]; then
	skip 'passwords in memory' 'not root'
	plan
fi
site_make AUTH_FLOOR_MS=1 TRUSTED_NETS=127.0.0.1 WORKERS=2
right=Geheim-$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')
account=$(grep '^demo	' "$site/userdb" | sed 's/imappw=.*//')
echo "${account}imappw=$(openssl passwd -1 -salt saltsalt "$right")" >"$site/userdb"
site_run
ok 'the server starts'
clients python3 t/site.d/secrets.py "$port" "$sslport" "$right" "$master"
! logged "$right" && ! logged Falsch
ok 'no password is in the log'
site_stop
ok 'the server stops'
plan
