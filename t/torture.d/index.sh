#!/bin/sh
# The index is a file of the user's: with bytes flipped, cut off at any length, of
# another folder or all ones, a session serves the same messages under the same
# UIDs and change numbers do not fall (RELIABILITY D21). STEP=n: at every n-th
# place.
# what spoil is told to call is called
# shellcheck disable=SC2317
# shellcheck source=t/crash/common
. "$(dirname "$0")/../crash/common"

site=$tmp/site
look() { # what a session shows; false: it died
	printf 'a ENABLE CONDSTORE\r\nb SELECT INBOX\r\nc UID FETCH 1:* (UID FLAGS ENVELOPE BODY BODYSTRUCTURE RFC822.SIZE)\r\nd UID STORE 3 +FLAGS (\\Flagged)\r\nz LOGOUT\r\n' |
		timeout 60 "$o/imapd" "$site" >"$tmp/said" 2>/dev/null
	rc=$?
	grep -E '^\* [0-9]+ FETCH .*ENVELOPE' "$tmp/said" |
		sed 's/ MODSEQ ([0-9]*)//;s/ *FLAGS ([^)]*)//' >"$tmp/shown"
	[ $rc -eq 0 ] && grep -q '^d OK' "$tmp/said" &&
		grep -q '^z OK' "$tmp/said"
}
modseq() { sed -n 's/.*HIGHESTMODSEQ \([0-9]*\).*/\1/p' "$tmp/said"; }
# NAME COMMAND...: the index after it
spoil() {
	name=$1
	shift
	fresh
	mkdir -p "$site/corkboard/index"
	look || echo "$name: before" >>"$tmp/bad"
	told=$(modseq)
	cp "$tmp/shown" "$tmp/want"
	data=$site/corkboard/index/data.mdb
	size=$(stat -c %s "$data") || return
	"$@" || echo "$name: cannot" >>"$tmp/bad"
	look || {
		echo "$name: the session failed"
		tail -n 3 "$tmp/said"
	} >>"$tmp/bad"
	cmp -s "$tmp/want" "$tmp/shown" || {
		echo "$name: shows something else"
		diff "$tmp/want" "$tmp/shown" | head -n 4
	} >>"$tmp/bad"
	now=$(modseq)
	[ -z "$told" ] || [ -z "$now" ] || [ "$now" -ge "$told" ] ||
		echo "$name: change numbers fell from $told to $now" >>"$tmp/bad"
}
flip() { # every so many bytes of the file, from the n-th on
	python3 -c '
import sys
path, first, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(path, "r+b") as f:
    data = bytearray(f.read())
    for i in range(first, len(data), step):
        data[i] ^= 1 << (i % 8)
    f.seek(0)
    f.write(data)' "$data" "$1" "$2"
}
cut() { truncate -s "$1" "$data"; }
ones() { head -c "$size" /dev/zero | tr '\0' '\377' | dd of="$data" conv=notrunc 2>/dev/null; }
pattern() { dd if=/dev/urandom of="$data" bs=4096 count=$((size / 4096)) conv=notrunc 2>/dev/null; }

: >"$tmp/bad"
spoil 'all ones' ones
spoil 'noise' pattern
spoil 'empty' cut 0
ok 'an index of noise, of ones, of nothing' "$tmp/bad"
: >"$tmp/bad"
places=0
for length in $(seq 1 $((4096 * ${STEP:-3} / 3)) "$size"); do
	spoil "cut off at $length" cut "$length"
	places=$((places + 1))
done
ok "cut off at $places lengths" "$tmp/bad"
if command -v python3 >/dev/null 2>&1; then
	: >"$tmp/bad"
	places=0
	for first in $(seq 0 $((11 * ${STEP:-3})) 1000); do
		spoil "flipped from $first" flip "$first" 1009
		places=$((places + 1))
	done
	ok "bytes flipped, $places patterns" "$tmp/bad"
fi
plan
