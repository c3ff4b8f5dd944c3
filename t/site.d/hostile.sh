#!/bin/sh
# Hostile clients (cases A and B of t/cases.md) and an honest one beside them.
# Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'hostile clients' 'no python3'
	plan
fi
site_make LOGIN_TIMEOUT=4 HANDSHAKE_TIMEOUT=4 AUTH_FLOOR_MS=100 \
	MAXUNAUTH="${CROWD:-100}" MAXPERIP=60 MAXPERUSER=200 \
	TRUSTED_NETS='127.0.0.1' MAXPERIP_EXEMPT=127.0.0.1
site_run
ok 'the server starts'
clients python3 t/site.d/hostile.py "$port" "$sslport" "${PATIENCE:-10}" "${FLOOD:-200}" \
	"$site/mail/demo/Maildir" "$master"
# shellcheck disable=SC2119
greets
ok 'a client is served afterwards'
site_stop
ok 'the server stops'
! logged ' died\| broke the rules\|ended with status'
ok 'no process came to harm'
plan
