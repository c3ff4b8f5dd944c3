#!/bin/sh
# Processes that have been taken over, before the real ones (t/evil). Prints TAP.
dir=$(mktemp -d "${TMPDIR:-/tmp}/imapd-evil.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
mkdir "$dir/Maildir" && : >"$dir/userdb" || exit 1
# The servants' processes are not dumpable.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
"$PROGRAMS/t/evil/servants" "$PROGRAMS" "$dir"
