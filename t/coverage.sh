#!/bin/sh
# Runs the tests that a build with --coverage can count (t/coverage.sh O) and
# prints how many lines of each room they ran. Processes of the daemon are jailed
# and killed, so what only they run is not counted.
set -u
o=$1
find "$o" -name '*.gcda' -exec rm -f {} +
for only in 'unit/*' 'fuzz/*' wire/shell 'crash/*'; do
	ONLY=$only t/run "$o" | tail -n 1
done
find "$o" -name '*.gcda' -not -path '*/t/*' | while read -r f; do
	gcov -n -o "${f%/*}" "$f" 2>/dev/null
done | awk '
/^File / { file = $2; gsub(/\x27/, "", file); next }
/^Lines executed:/ {
	if (file ~ /^(shm|maildir|auth|worker|master)\/.*\.c$/) {
		split($0, part, /[:% ]+/)
		room = file
		sub(/\/[^\/]*$/, "", room)
		lines[room] += part[5]
		run[room] += part[3] * part[5] / 100
		all += part[5]
		ran += part[3] * part[5] / 100
	}
	file = ""
}
END {
	for (room in lines)
		printf "%-12s %5.1f %% of %d lines\n", room,
		    100 * run[room] / lines[room], lines[room]
	printf "%-12s %5.1f %% of %d lines\n", "all", 100 * ran / all, all
}' | sort
