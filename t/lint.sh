#!/bin/sh
# Sizes and form of the sources: functions, files, headers, nesting, columns.
# Prints TAP; the limits are STYLE's.
set -u
cd "$(dirname "$0")/.." || exit 1
n=0 bad=0
check() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$2" | sed 's/^/# /'
		bad=1
	fi
}
src=$(find shm maildir auth worker master t -name '*.c' | sort)
hdr=$(find shm maildir auth worker master -name '*.h' | sort)
# shellcheck disable=SC2086
check 'functions of at most 80 lines' "$(awk '
	FNR == 1 { open = 0 }
	/^\{/ { open = FNR; name = prev }
	/^\}/ { if (open && FNR - open > 80 && !(prev ~ /flat/))
		printf "%s:%d: %s: %d lines\n", FILENAME, open, name, FNR - open
		open = 0 }
	{ prev = $0 }' $src)"
# shellcheck disable=SC2086
check 'files of at most 800 lines, unit tests of 1200' "$(wc -l $src | awk '
	{ limit = $2 ~ /^t\/unit\// ? 1200 : 800 }
	$2 != "total" && $1 > limit { print $2 ": " $1 }')"
# shellcheck disable=SC2086
check 'headers of at most 300 lines' "$(wc -l $hdr | awk '$2 != "total" && $1 > 300 { print $2 ": " $1 }')"
# shellcheck disable=SC2086
check 'nesting of at most four levels' "$(awk '/^\t\t\t\t\t\t(if|for|while|switch|do) / { print FILENAME ":" FNR }' $src)"
# shellcheck disable=SC2086
check 'no trailing blanks' "$(grep -nE '[ 	]+$' $src $hdr | head -n 5)"
if command -v clang-format >/dev/null 2>&1; then
	# shellcheck disable=SC2086
	check 'clang-format would change nothing' "$(clang-format --dry-run $src $hdr 2>&1 | grep -E 'warning:' | cut -d: -f1 | sort | uniq -c)"
else
	n=$((n + 1))
	echo "ok $n - formatting # SKIP no clang-format"
fi
if command -v shellcheck >/dev/null 2>&1; then
	# shellcheck disable=SC2046
	check 'shell scripts' "$(shellcheck -x .ci/run etc/setup etc/demo t/run t/tally t/torture t/site \
		$(find t -name '*.sh') $(find etc -name imapd.init) 2>&1 | head -n 40)"
else
	n=$((n + 1))
	echo "ok $n - shell scripts # SKIP no shellcheck"
fi
if command -v mandoc >/dev/null 2>&1; then
	# shellcheck disable=SC2046
	check 'manual pages' "$(mandoc -T lint -W warning $(find . -name '*.[58]' -not -path './build/*') 2>&1 | head -n 20)"
else
	n=$((n + 1))
	echo "ok $n - manual pages # SKIP no mandoc"
fi
echo "1..$n"
exit $bad
