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
check 'signal handlers reach only what may be called there' "$(awk -f t/handlers.awk shm/*.c maildir/*.c auth/*.c worker/*/*.c master/*.c)"
check 'no extern variables' "$(grep -nE '^extern [^(]*;' shm/*.h maildir/*.h auth/*.h worker/*/*.h master/*.h)"
check 'no typedef' "$(grep -nE '^typedef' shm/*.[ch] maildir/*.[ch] auth/*.[ch] worker/*/*.[ch] master/*.[ch])"
check 'nothing left open' "$(git grep -nE 'TODO|FIXME|XXX' -- '*.c' '*.h' | grep -v 'XXXXXX' || true)"
check 'headers stand alone' "$(
	for h in shm/*.h maildir/*.h auth/*.h worker/*/*.h master/*.h; do
		echo "#include \"$h\"" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -I. \
			-fsyntax-only -x c - 2>&1 | head -n 2
	done
)"
# The manual and the tables say the same.
table() { # the names of settings
	sed -n 's/^    {"\([A-Z0-9_]*\)", value_.*/\1/p' master/settings.c
}
manual() { # every setting that has an item, or stands among those without effect
	awk '/^\.Ss Others/ { others = 1 }
	/^\.Sh FILES/ { exit }
	/^\.It Cm [A-Z]/ || (others && /^\.Cm [A-Z]/) {
		for (i = 2; i <= NF && $i != "Bq"; i++)
			if ($i ~ /^[A-Z][A-Z0-9_]+$/ && $i != "AUTHSERVICE")
				print $i
	}' etc/imapd.5
}
defaults() { # NAME VALUE of the rows that show it
	sed 's/^    {/@{/' master/settings.c | tr -d '\n\t' | tr '@' '\n' |
		sed -n 's/^{"\([A-Z0-9_]*\)", *value_[^"]*, "\([^"\\]*\)", .*/\1 \2/p'
}
check 'every setting is in imapd(5), and every name there is one' "$(
	{
		table | sort -u
		manual | sort -u
	} | sort | uniq -u
)"
check 'the defaults of imapd(5) are those of the table' "$(
	defaults | while read -r name value; do
		sed -n "s/^\\.It Cm $name Bq \\(Pa \\)\\{0,1\\}/$name /p" etc/imapd.5 |
			grep -vx -e "$name $value" -e "$name one per core" \
			    -e "$name the host's name"
	done
)"
check 'sample settings name nothing else' "$(
	sed -n 's/^#\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\1/p' etc/imapd etc/imapd-ssl |
		sort -u | while read -r name; do
			table | grep -qx "$name" || echo "$name"
		done
)"
check 'a setting that overrides a limit is one' "$(
	tr -d '\n\t' <shm/limits.h | grep -o 'X([A-Z_]*, *[0-9]*,[^)]*, *"[A-Z_]*")' |
		sed 's/.*"\([A-Z_]*\)")/\1/' | grep . | while read -r name; do
			table | grep -qx "$name" || echo "$name"
		done
)"
commands() { # of imapctl, one a line, from its usage or from its manual
	sed 's/ *\[[^]]*\] */ /g;s/ | /|/g' | sed -n 's/.*imapctl  *\([a-z][a-z]*\) *\(\(set\|pw\|del\|check|[a-z|]*\)\{0,1\}\).*/\1 \2/p' |
		sed 's/ *$//' | sort
}
check 'imapctl(8) has the commands of its usage' "$(
	{
		sed -n '/"usage: /,/--help/p' master/main_imapctl.c | commands
		awk '/^\.Sh SYNOPSIS/ { on = 1; next } /^\.Sh/ { on = 0 }
		on && /^\.Cm/ { sub(/^\.Cm /, "imapctl "); print }' \
			master/imapctl.8 | commands
	} | sort | uniq -u
)"
echo "1..$n"
exit $bad
