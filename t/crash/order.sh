#!/bin/sh
# What each operation of the store writes, renames and syncs, in which order,
# until its OK: exactly what order.expect says, by the library and, until the
# session has sent its tagged OK, by IMAP. A missing sync fails, and so does one
# too many (RELIABILITY 4.3, the sync budget of the design): at the end syncs are
# left out and doubled, one by one, to see that it does.
# shellcheck source=t/crash/common
. "$(dirname "$0")/common"

needs_strace
traced="strace -f -y -s 4000 -o $tmp/trace -e trace=$calls"

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
events() { awk -v SITE="$tmp/site" -f "$dir/events.awk" "$tmp/trace"; }

# by_library OP [WORD...]: its events to $tmp/got
by_library() {
	op=$1
	shift
	fresh
	# shellcheck disable=SC2086
	$traced "$@" "$driver" "$op" "$tmp/site" >"$tmp/said" 2>"$tmp/err"
	events >"$tmp/got"
}

for op in $(operations); do
	wanted "$op" || continue
	expected "$op" >"$tmp/want"
	by_library "$op"
	diff -u "$tmp/want" "$tmp/got" >"$tmp/diff"
	[ -s "$tmp/want" ] || echo 'nothing is expected' >>"$tmp/diff"
	"$driver" judge "$op" "$base" "$tmp/site" "$tmp/said" >>"$tmp/diff" 2>&1
	ok "$op: writes and syncs in their order" "$tmp/diff"

	# shellcheck disable=SC2086
	by_session wire "$op" "$base" "$tmp/site" $traced >"$tmp/out" 2>&1
	# Courier's lock is taken and given back in between, if at all; what is
	# expunged has been marked
	events | sed 's/:2,ST$/:2,S/' | awk -v OUT="$tmp/locks" '
	/courier\.?lock/ { print > OUT; next }
	{ print }' >"$tmp/got"
	diff -u "$tmp/want" "$tmp/got" >"$tmp/diff"
	cat "$tmp/out" >>"$tmp/diff"
	[ "$(grep -c '^link.*/courier.lock$' "$tmp/locks" 2>/dev/null)" = \
		"$(grep -c '^unlink.*/courier.lock$' "$tmp/locks" 2>/dev/null)" ] ||
		cat "$tmp/locks" >>"$tmp/diff"
	rm -f "$tmp/locks"
	ok "session: $op: writes and syncs in their order" "$tmp/diff"
done

# mutant OP N WHAT: the N-th change is left out (1002) or done twice (1004)
mutant() {
	by_library "$1" -E "LD_PRELOAD=$driver.shim.so" -E SHIM_START=READY \
		-E "SHIM_FAULT=0 $2 $3"
	diff "$tmp/want" "$tmp/got"
}
mutated=append
[ -z "$full" ] || mutated='append copy expunge create rename subscribe'
for op in $mutated; do
	wanted "$op" || continue
	expected "$op" >"$tmp/want"
	: >"$tmp/bad"
	mutants=0 k=0
	last=$(($(wc -l <"$tmp/want") + 12))
	while k=$((k + 1)) && [ $k -le $last ]; do
		# What else is left out, the index's own calls too, is not asked.
		mutant "$op" $k 1002 >"$tmp/less"
		[ "$(grep -c '^[<>]' "$tmp/less")" = 1 ] || continue
		grep -q '^< f[a-z]*sync ' "$tmp/less" || continue
		mutants=$((mutants + 1))
		mutant "$op" $k 1004 >"$tmp/more"
		grep -q '^> f[a-z]*sync ' "$tmp/more" ||
			echo "call $k twice is not seen" >>"$tmp/bad"
	done
	syncs=$(grep -c '^f[a-z]*sync ' "$tmp/want")
	[ $mutants -eq "$syncs" ] ||
		echo "$mutants missing syncs were seen, of $syncs" >>"$tmp/bad"
	ok "$op: each of its $syncs syncs is missed, and seen if doubled" \
		"$tmp/bad"
done
plan
