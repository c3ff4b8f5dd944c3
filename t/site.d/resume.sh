#!/bin/sh
# TLS sessions are resumed with any worker, by keys that the master makes and
# replaces; handshakes in number leave nothing behind. Prints TAP. HANDSHAKES:
# of each kind (1,000).
# shellcheck disable=SC2317 # called by wait_for
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'TLS sessions' 'no python3'
	plan
fi
key_time=3
site_make WORKERS=1 TLS_TICKET_TIME=7200 TRUSTED_NETS=127.0.0.1
site_run
ok 'the server starts'
mkfifo "$site/orders" "$site/said"
python3 t/site.d/resume.py "$sslport" "$master" "${HANDSHAKES:-1000}" $key_time \
	<"$site/orders" >"$site/said" 2>&1 &
clients=$!
exec 8>"$site/orders"
reloads=0
reloaded() { [ "$(grep -c 'settings are reloaded' "$site/log")" -ge "$reloads" ]; }
reload() {
	reloads=$((reloads + 1))
	kill -HUP "$master"
	wait_for 20 reloaded
}
while IFS= read -r line; do
	case $line in
	'ok '*) true ;;
	'not ok '*) false ;;
	'# kill')
		old=$(role worker)
		kill -KILL "$old"
		all_gone 10 "$old"
		wait_for 20 greets
		echo kill >&8
		continue
		;;
	'# reload')
		reload
		echo reload >&8
		continue
		;;
	'# short')
		sed -i "s/^TLS_TICKET_TIME=.*/TLS_TICKET_TIME=$key_time/" "$site/imapd"
		reload
		echo short >&8
		continue
		;;
	*)
		echo "# $line"
		continue
		;;
	esac
	ok "${line#*ok }"
done <"$site/said"
wait "$clients"
ok 'the clients came to their end'
site_stop
ok 'the server stops'
plan
