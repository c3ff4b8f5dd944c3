#!/bin/sh
# What each operation of the store writes, renames and syncs, in which order,
# until its OK: exactly what order.expect says. A missing sync fails, and so
# does one too many (RELIABILITY 4.3, the sync budget of the design).
# shellcheck source=t/crash/common
. "$(dirname "$0")/common"

# NAME: its lines of order.expect
expected() {
	awk -v op="$1" '
	/^#/ || /^$/ { next }
	/^\[/ { on = $0 == "[" op "]"; next }
	on && $2 == "*" {
		for (i = $1; i > 0; i--)
			print substr($0, index($0, "*") + 2)
		next
	}
	on { print }' "$dir/order.expect"
}

for op in $(operations); do
	fresh
	strace -f -y -s 32 -o "$tmp/trace" -e trace="$calls" \
		"$driver" "$op" "$tmp/site" >"$tmp/said" 2>"$tmp/err"
	awk -v SITE="$tmp/site" -f "$dir/events.awk" "$tmp/trace" >"$tmp/got"
	expected "$op" >"$tmp/want"
	diff -u "$tmp/want" "$tmp/got" >"$tmp/diff"
	[ -s "$tmp/want" ] || echo 'nothing is expected' >>"$tmp/diff"
	"$driver" judge "$op" "$base" "$tmp/site" "$tmp/said" >>"$tmp/diff" 2>&1
	ok "$op: writes and syncs in their order" "$tmp/diff"
done
plan
