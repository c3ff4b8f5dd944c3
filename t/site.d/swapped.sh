#!/bin/sh
# While a client works somebody with its own uid swaps its folders and files for
# links and pipes that lead to another's (swapped.py; RELIABILITY E11). SWAP_SECONDS:
# for so long (5). Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
name='folders swapped for links'
if ! has python3; then
	skip "$name" 'no python3'
	plan
fi
if [ "$(id -u)" -ne 0 ]; then
	skip "$name" 'not root: all mail has one uid'
	plan
fi
USERS=2
site_make IMAP_LINGER=1 MAXRATE_PERIP=60000 LOCK_TIMEOUT=5
for i in 1 2; do
	uid=$((64000 + i))
	sed -i "/^user000$i	/s/uid=[0-9]*|gid=[0-9]*/uid=$uid|gid=$uid/" "$site/userdb"
	chown -R $uid:$uid "$site/mail/user000$i"
done
site_run
ok 'the server starts'
clients timeout 900 python3 t/site.d/swapped.py "$port" "$site/mail" \
	"${SWAP_SECONDS:-5}"
site_stop
ok 'the server stops'
! logged 'died of signal\|Assertion'
ok 'no process died of it'
plan
