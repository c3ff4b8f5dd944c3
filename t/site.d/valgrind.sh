#!/bin/sh
# A session under valgrind: no leak, no use of memory that is not ours. TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has valgrind || [ -n "${SAN:-}" ] ||
	nm -D "$PROGRAMS/imapd" | grep -q __asan; then
	skip 'a session under valgrind' 'no valgrind, or a sanitizers build'
	plan
fi
site_make ""
cat >"$site/commands" <<'T'
a LIST "" "*"
b SELECT INBOX
c FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[])
d SEARCH TEXT pins OR SUBJECT caff FROM anna
e STORE 1 +FLAGS (foo \Deleted)
f EXPUNGE
g COPY 2 INBOX.Sent
h CREATE INBOX.x
i RENAME INBOX.x INBOX.y
j DELETE INBOX.y
k APPEND INBOX (\Seen kw) {6+}
a: b

l STATUS INBOX.Sent (MESSAGES)
m MOVE 3 INBOX.Trash
n FETCH nonsense
o CLOSE
p LOGOUT
T
# What the C library does to load modules for character sets is its own.
cat >"$site/supp" <<'T'
{
   iconv-modules
   Memcheck:Leak
   ...
   fun:*dl_open*
   ...
}
{
   loader-strings
   Memcheck:Addr8
   ...
   fun:dl_open_worker*
   ...
}
T
sed 's/$/\r/' "$site/commands" | IMAP_MAILBOX_SANITY_CHECK=0 timeout 100 valgrind -q --leak-check=full \
	--suppressions="$site/supp" --error-exitcode=9 \
	"$PROGRAMS/imapd" "$site/mail/demo/Maildir" >"$site/said" 2>"$site/log"
ok 'valgrind finds nothing in a session'
grep -q '^p OK' "$site/said" && [ "$(grep -c '^[a-p] OK' "$site/said")" -eq 15 ]
ok 'and the session did what it was told'
plan
