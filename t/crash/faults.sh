#!/bin/sh
# Every operation of the store, by the library and by a session's command, meets
# faults at its calls: killed before it, ENOSPC, EDQUOT, EIO, EROFS, errors of
# what only looks, no memory, EINTR, short reads and writes. Then the site is
# opened again and compared with the one before (judge.c): nothing acknowledged
# is lost, no UID given twice, no UIDVALIDITY changed, nothing else vanished; what
# only looks fails, or tells all there is.
# Default: a sample; FULL=1: at every call, or
# every STEP-th; ONLY_OP=name: that operation.
# shellcheck source=t/crash/common
. "$(dirname "$0")/common"

faults='kill ENOSPC EIO EINTR look-EIO look-ESTALE memory storm short'
step=${STEP:-23} wire=29
if [ -n "$full" ]; then
	faults="$faults EDQUOT EROFS look-EACCES look-EMFILE"
	step=${STEP:-1} wire=$step
fi
for op in $(operations); do
	wanted "$op" || continue
	for fault in $faults; do
		# a sanitizer has the memory
		case $fault in
		memory) [ "${o%san}" = "$o" ] || continue ;;
		esac
		swept "$op, $fault" "$driver" sweep "$op" "$base" "$tmp/site" \
			"$fault" "$step"
		case $full$fault in
		kill | EIO | 1*) ;;
		*) continue ;;
		esac
		swept "session: $op, $fault" by_session sweep "$op" "$base" \
			"$tmp/site" "$fault" "$wire"
	done
done
for fault in look-EIO look-ESTALE look-EMFILE memory; do
	wanted look || continue
	case $fault in
	memory) [ "${o%san}" = "$o" ] || continue ;;
	esac
	swept "look, $fault" "$driver" sweep look "$base" "$tmp/site" \
		"$fault" "$step"
	swept "session: look, $fault" by_session sweep look "$base" \
		"$tmp/site" "$fault" "$wire"
done
plan
