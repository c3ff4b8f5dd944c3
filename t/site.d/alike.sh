#!/bin/sh
# Whether an account exists does not show in how long a wrong password takes: names
# of nobody and of accounts, passwords of 1 and of 1,000 bytes, each name and each
# address once (alike.py; RELIABILITY E8): 60 of each kind here, ALIKE_TIMES, 2,000
# in torture.d/alike.sh. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
name='failures alike in text and time'
if ! has python3; then
	skip "$name" 'no python3'
	plan
fi
floor=${ALIKE_FLOOR:-300}
times=${ALIKE_TIMES:-60}
site_make WORKERS=1 AUTH_FLOOR_MS="$floor" MAXUNAUTH=5000
# A hash that takes a while, as those of a site do.
# shellcheck disable=SC2016
slow=$(python3 -W ignore -c 'import crypt
print(crypt.crypt("right", "$6$rounds=20000$saltsalt"))')
account=$(sed -n 's/^demo	\(.*\)imappw=.*/\1/p' "$site/userdb")
i=0
while [ $i -lt $((2 * times)) ]; do
	i=$((i + 1))
	printf 'user%05d\t%simappw=%s\n' $i "$account" "$slow"
done >"$site/userdb"
site_run
ok 'the server starts'
clients timeout $((300 + times)) python3 t/site.d/alike.py "$port" "$times" "$floor"
site_stop
ok 'the server stops'
plan
