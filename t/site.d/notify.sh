#!/bin/sh
# NOTIFY against the whole server: more folders than are watched, more mailboxes
# than are told of. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'NOTIFY' 'no python3'
	plan
fi
site_start ''
ok 'the server starts'
timeout 300 python3 t/site.d/notify.py "$port" "$site/mail/demo/Maildir" \
	>"$site/py.out" 2>&1
rc=$?
while IFS= read -r line; do
	case $line in
	'ok '*) true ;;
	'not ok '*) false ;;
	*)
		echo "# $line"
		continue
		;;
	esac
	ok "${line#*ok - }"
done <"$site/py.out"
[ $rc -eq 0 ]
ok 'the clients came to their end'
site_stop
ok 'the server stops cleanly'
! logged ' died\| crashed\|Sanitizer'
ok 'no process died meanwhile'
plan
