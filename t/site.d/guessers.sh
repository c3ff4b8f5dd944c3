#!/bin/sh
# Password guessing slows only the guesser: 50 addresses guess on one account
# while its owner, others and a webmail log in. Then what holds for a webmail's
# address and what does not, and how its log lines look. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'password guessing slows only the guesser' 'no python3'
	plan
fi
site_make AUTH_FLOOR_MS=200 MAXUNAUTH_PERIP=4 MAXPERIP=12 \
	MAXPERIP_EXEMPT=127.0.9.1 TRUSTED_NETS='127.0.0.1 127.0.9.1 ::1'
# Passwords that take a while to be checked, as those of a site do.
account=$(grep '^demo	' "$site/userdb" | sed 's/imappw=.*//')
# shellcheck disable=SC2016
slow=$(python3 -W ignore -c 'import crypt
print(crypt.crypt("right", "$6$rounds='"${ROUNDS:-400000}"'$saltsalt"))')
for name in demo other; do
	echo "$name${account#demo}imappw=$slow"
done >"$site/userdb"
site_run
ok 'the server starts'
clients python3 t/site.d/guessers.py "$port"
if [ -n "${GUESS_SECONDS:-}" ]; then
	site_stop
	ok 'the server stops'
	plan
fi
logged 'LOGIN, user=other, ip=\[::ffff:127.0.0.1\], port=\[[0-9]*\], protocol=IMAP, client=\[::ffff:203.0.113.7\]$'
ok 'a login through a webmail has the client last in its line'
logged 'LOGIN FAILED, user=other, ip=\[::ffff:127.0.0.1\], port=\[[0-9]*\], client=\[::ffff:203.0.113.8\]$'
ok 'so has a failed one'
! grep -q 'ip=\[::ffff:127.0.5.*client=' "$site/log"
ok 'nobody else is believed'
site_stop
ok 'the server stops'
plan
