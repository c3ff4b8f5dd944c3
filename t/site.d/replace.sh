#!/bin/sh
# An upgrade under the eyes of the clients: a reload puts new programs in the
# place of the running ones. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'replacement' 'no python3'
	plan
fi
site_make WORKERS=2
bin=$site/bin
mkdir "$bin"
cp "$PROGRAMS/imapd-master" "$PROGRAMS/imapd-worker" "$PROGRAMS/imapd-auth" \
	"$PROGRAMS/imapd" "$bin"
"$bin/imapd-master" -F -f "$site/imapd" >>"$site/log" 2>&1 &
master=$!
wait_for 20 test -s "$site/imapd.pid"
ok 'the server starts'
cat "$site/imapd" >"$site/settings.was"
# its lines are counted on from ours
python3 t/site.d/replace.py "$port" "$sslport" "$master" "$PROGRAMS" "$bin" \
	"$site/log" "$site/imapd" >"$site/out" 2>"$site/err"
rc=$?
while read -r line; do
	case $line in
	'ok '*) true && ok "${line#ok * - }" ;;
	'not ok '*) false || ok "${line#not ok * - }" ;;
	'#'*) echo "$line" ;;
	esac
done <"$site/out"
[ $rc -eq 0 ] || sed 's/^/# /' "$site/err"
(exit $rc)
ok 'to the end'
site_stop
ok 'the server stops cleanly'
[ ! -e "$site/control" ] && [ ! -e "$site/notify" ] && [ ! -e "$site/imapd.pid" ]
ok 'and takes its files along'
[ "$(grep -c ' died of\| crashed' "$site/log")" -eq 1 ]
ok 'and nothing died but the worker that was killed'
plan
