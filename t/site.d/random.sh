#!/bin/sh
# Random clients on a site as it comes, with parking, strangers and lost indexes:
# see random_game.py. SEED=n plays one game again, RANDOM_SECONDS=n a longer one.
# Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
has python3 || {
	skip 'random clients' 'no python3'
	plan
}
seed=${SEED:-$(($(date +%s) % 100000))}
# Every second game parks each client after each command.
site_start "$([ $((seed % 2)) -eq 0 ] || echo IMAP_PARK_LINGER=0)"
ok 'the server starts'
timeout 600 python3 t/site.d/random_game.py "$site" "$port" \
	"$(stat -c %u "$site/mail/demo/Maildir")" "$seed" "${RANDOM_SECONDS:-6}"
ok "clients of every kind end with what is in the Maildir, seed $seed"
[ -z "${KEEP:-}" ] || cp "$site/log" "$site/journal" "$KEEP" 2>/dev/null
site_stop
ok 'the server stops cleanly'
plan
