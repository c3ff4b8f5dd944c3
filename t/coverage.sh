#!/bin/sh
# Runs the tests of a build with --coverage (t/coverage.sh O) and prints how many
# lines of each room they ran. A process writes what it ran when it ends, into a
# folder that a jailed one could not reach: so servers run as an ordinary user
# here, without a filter (COUNT_LINES), and what only root's do is not counted.
# Tests that look at system calls fail here: counting makes some of its own.
# QUICK=1: units, corpora, the store under faults, sessions in a shell only.
set -u
o=$(cd "$1" && pwd)
cov=$(mktemp -d) || exit 1
trap 'rm -rf "$cov"' EXIT
chmod 1777 "$cov"
as=
[ "$(id -u)" = 0 ] &&
	as='setpriv --reuid 65534 --regid 65534 --clear-groups'
export GCOV_PREFIX="$cov/lines" PROGRAMS="$o" DEMO_CERT="$cov/cert.pem"
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
	-keyout "$cov/key" -out "$cov/cert" >/dev/null 2>&1
cat "$cov/cert" "$cov/key" >"$DEMO_CERT"
chmod 644 "$DEMO_CERT"
# The ordinary user first: root can add to files of his.
user() { # NAME COMMAND
	name=$1
	shift
	$as env HOME="$cov" TMPDIR="$cov" "$@" >"$cov/out" 2>&1
	echo "$name: $(grep -c '^ok' "$cov/out") passed," \
		"$(grep -c '^not ok' "$cov/out") failed"
}
servers() {
	user wire/daemon "$o/t/talk" -d t/site t/wire/*.t
	user wire/daemon-parked env SITE_SETTINGS=IMAP_PARK_LINGER=0 \
		"$o/t/talk" -d t/site t/wire/*.t
	for t in t/site.d/*.sh; do
		user "${t#t/}" timeout 300 "$t" "$o"
	done
}
[ -n "${QUICK:-}" ] || servers
for only in 'unit/*' 'fuzz/*' wire/shell 'crash/*'; do
	echo "$only: $(ONLY=$only t/run "$o" | tail -n 1)"
done
find "$o" -name '*.gcda' -exec rm -f {} +
tar -C "$GCOV_PREFIX$o" -cf - . | tar -C "$o" -xf -
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
