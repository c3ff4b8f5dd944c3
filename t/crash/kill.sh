#!/bin/sh
# Kills each operation of the store before every call that changes the disk,
# and lets each such call fail (ENOSPC, EIO) and each that reads the disk (EIO),
# then opens the site again and compares with the site before (judge.c): nothing
# acknowledged is lost, no UID given twice, no UIDVALIDITY changed, nothing else
# vanished.
# Default: a sample of the points; FULL=1: all, EDQUOT too; ONLY_OP=name: that one.
# shellcheck source=t/crash/common
. "$(dirname "$0")/common"

# the index must never be in the way, nor be needed
CRASH_INDEX=1
export CRASH_INDEX
full=${FULL:-}
faults='signal=KILL error=ENOSPC error=EIO read:error=EIO'
reads='read,pread64,getdents64,newfstatat,statx,flock'
[ -z "$full" ] || faults="$faults error=EDQUOT"
# every STEP-th point of all, so that each operation has its share
step=${STEP:-12}
[ -z "$full" ] || step=1
at=0

# OP FAULT: runs through its points
sweep() {
	: >"$tmp/bad"
	runs=0
	kind=${2%%[=:]*}
	fault=${2#read:}
	awk -v KIND="$kind" -f "$dir/points.awk" "$tmp/trace" >"$tmp/points"
	while read -r name count; do
		at=$((at + 1))
		[ $((at % step)) -eq 0 ] || continue
		runs=$((runs + 1))
		fresh
		strace -f -o /dev/null -e trace="$name" \
			-e inject="$name:$fault:when=$count" \
			"$driver" "$1" "$tmp/site" >"$tmp/said" 2>"$tmp/err" 3>&-
		"$driver" judge "$1" "$base" "$tmp/site" "$tmp/said" \
			>"$tmp/out" 2>&1 && continue
		echo "$1, $2 at $name $count: $(tr '\n' ' ' <"$tmp/said")" \
			>>"$tmp/bad"
		cat "$tmp/out" >>"$tmp/bad"
	done <"$tmp/points"
	ok "$1: $2 at $runs of $(wc -l <"$tmp/points") points" "$tmp/bad"
}

for op in $(operations); do
	[ -z "${ONLY_OP:-}" ] || [ "$ONLY_OP" = "$op" ] || continue
	fresh
	strace -f -s 32 -o "$tmp/trace" -e trace="$calls,$reads" \
		"$driver" "$op" "$tmp/site" >"$tmp/said" 2>"$tmp/err"
	for fault in $faults; do
		sweep "$op" "$fault"
	done
done
plan
