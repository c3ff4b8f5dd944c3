#!/bin/sh
# The doorways: which room includes what (STYLE's table in ARCHITECTURE.md),
# libraries and calls that belong to one file. Prints TAP.
set -u
cd "$(dirname "$0")/.." || exit 1
n=0 bad=0
check() { # NAME OUTPUT: passes when nothing was found
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$2" | sed 's/^/# /'
		bad=1
	fi
}
files() { # ROOM: its sources
	find "$1" -maxdepth 1 -name '*.[ch]' | sort
}
# room PATTERN: includes of house headers outside the pattern
room() {
	room=$1 allowed=$2
	# shellcheck disable=SC2046
	check "$room includes only what it may" "$(
		grep -nE '^#include "' $(files "$room") /dev/null |
			grep -vE "#include \"($allowed)" || true
	)"
}
only() { # NAME REGEX FILES...: the regex matches nowhere else
	name=$1 regex=$2
	shift 2
	out=$(grep -lE "$regex" shm/*.[ch] maildir/*.[ch] auth/*.[ch] \
		worker/*/*.[ch] master/*.[ch] 2>/dev/null)
	for f; do
		out=$(echo "$out" | grep -vx "$f" || true)
	done
	check "$name" "$out"
}
room shm 'shm/'
room maildir 'maildir/|shm/limits\.h'
room auth 'auth/|shm/'
room worker/net 'worker/net/|shm/|auth/(ask|ticket)\.h'
room worker/imap 'worker/imap/|shm/|maildir/(maildir|mime|quota|trash)\.h'
room master 'master/|shm/|auth/|maildir/(maildir|mime|moving|audit)\.h|worker/(net/worker|imap/session)\.h'
only 'TLS in one file' '#include <openssl/ssl' worker/net/tls.c worker/net/tls.h
only 'PAM in one file' '#include <security/' auth/pam.c
only 'system-call filters in one file' '#include <seccomp' shm/filter.c
only 'LMDB in one file' '#include <lmdb' maildir/index.c
only 'changes of user in the jail and the spare' 'setres[ug]id\(' \
	shm/jail.c master/spare.c
# shellcheck disable=SC2046
only 'mutating store calls in change.c' \
	'(mailbox_(store|expunge|copy|trash)|maildir_(create|delete|rename|subscribe|empty)|delivery_(open|commit)) ?\(' \
	worker/imap/change.c worker/imap/change.h worker/imap/change_expunge.c \
	maildir/maildir.h master/agent.c \
	$(find maildir -name "*.[ch]")
check 'no logging in the store' "$(grep -nE 'syslog|log_(line|courier)|fprintf\(stderr' maildir/*.c)"
check 'no extern variables' "$(grep -nE '^extern [^(]*;' shm/*.h maildir/*.h auth/*.h worker/*/*.h master/*.h)"
check 'no typedef' "$(grep -nE '^typedef' shm/*.[ch] maildir/*.[ch] auth/*.[ch] worker/*/*.[ch] master/*.[ch])"
check 'nothing left open' "$(git grep -nE 'TODO|FIXME|XXX' -- '*.c' '*.h' | grep -v 'XXXXXX' || true)"
check 'headers stand alone' "$(
	for h in shm/*.h maildir/*.h auth/*.h worker/*/*.h master/*.h; do
		echo "#include \"$h\"" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -I. \
			-fsyntax-only -x c - 2>&1 | head -n 2
	done
)"
echo "1..$n"
exit $bad
