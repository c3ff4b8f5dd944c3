#!/bin/sh
# Power cuts by the model (cut.c) at every call of every operation: what was not
# synced may be lost, in every way the model knows, but nothing that was told.
# Default: a sample of the states; FULL=1: all; ONLY_OP=name: that operation.
# shellcheck source=t/crash/common
. "$(dirname "$0")/common"

step=17
[ -z "$full" ] || step=1
step=${STEP:-$step}
for op in $(operations); do
	wanted "$op" || continue
	swept "$op, power cut" "$driver" cut "$op" "$base" "$tmp/site" "$step"
	swept "session: $op, power cut" by_session cut "$op" "$base" \
		"$tmp/site" $((step * 2))
done
plan
