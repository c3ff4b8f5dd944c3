#!/bin/sh
# imapd-deliver at work: what is delivered where, exit codes, and the client
# that waits. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
unset MAILDIR IMAP_NOTIFYSOCKET
site_make WORKERS=1
box=$site/mail/demo/Maildir
owner() { # COMMAND...: as the mail's owner
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid "$(stat -c %u "$box")" \
			--regid "$(stat -c %g "$box")" --clear-groups "$@"
	else
		"$@"
	fi
}
deliver() { # OPTION...: the exit status in $rc, what it said in $site/said
	owner "$PROGRAMS/imapd-deliver" -N "$site/notify" "$@" \
		<"$site/in" >"$site/said" 2>&1
	rc=$?
	return $rc
}
exits() { # STATUS OPTION...: it does, with a word of why
	want=$1
	shift
	deliver "$@"
	[ $rc -eq "$want" ] && { [ "$want" -eq 0 ] || [ -s "$site/said" ]; }
}
newest() { # FOLDER: the file that came last
	find "$box/$1/new" "$box/$1/cur" -type f -printf '%C@ %p\n' | sort -n |
		sed -n '$s/^[^ ]* //p'
}
printf 'From a b\nReturn-Path: <old@x>\nSubject: one\r\nX: y\n\nbody\n' \
	>"$site/in"
owner mkdir -p "$site/mail/demo/t"
site_run
ok 'the server starts'
"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1 <<-T &
	1+
	1> a SELECT INBOX
	1\$ a OK
	1> b IDLE
	1< + entering ENHANCED idle mode
	1< * 18 EXISTS
T
talk=$!
sleep 0.5
deliver -m "$box" -f anna@example.com -a me@example.com
ok 'a message is delivered'
wait "$talk"
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
(exit $rc)
ok 'and who waits hears of it'
printf 'Return-Path: <anna@example.com>\nDelivered-To: me@example.com\n%s' \
	"$(printf 'Subject: one\nX: y\n\nbody')" >"$site/want"
echo >>"$site/want"
cmp -s "$site/want" "$(newest .)"
ok 'with Return-Path and Delivered-To, without the From line'
deliver -m "$box" -f '<>' -F INBOX.Made.deep -c -l FS -k Work -k Junk &&
	head -n 1 "$(newest .Made.deep)" | grep -q '^Return-Path: <>$'
ok 'into a folder that is made on demand'
case $(newest .Made.deep) in *:2,FS) true ;; *) false ;; esac &&
	[ -d "$box/.Made" ] && grep -rqs Work "$box/.Made.deep/courierimapkeywords"
ok 'with flags and keywords'
cat >"$site/flags.t" <<-'T'
	1+
	1> a SELECT INBOX.Made.deep
	1$ a OK
	1> b FETCH 1 FLAGS
	1< * 1 FETCH (FLAGS (...Work...))
	1$ b OK
T
"$PROGRAMS/t/talk" -p "$port" "$site/flags.t" >"$site/talk.out" 2>&1
ok 'which a client sees'
# What it files a session need not look for.
[ -e "$box/corkboard/index/data.mdb" ] && deliver -m "$box" &&
	! "$PROGRAMS/imapctl" -c "$site/imapd" index check "$box" |
		grep 'INBOX: UID'
ok 'the index is told'
exits 73 -m "$box" -F Nowhere
ok 'a folder that is not there is EX_CANTCREAT'
exits 75 -m "$box/../Nowhere"
ok 'a Maildir that is not there may be mounted later: EX_TEMPFAIL'
exits 0 -m "$site/mail/demo/t/Fresh" -c && [ -d "$site/mail/demo/t/Fresh/cur" ]
ok 'or is made on demand'
exits 64 -m "$box" extra && exits 64 -l X && exits 64 -m "$box" -k 'a b' &&
	exits 64 -m "$box" -f 'a
b' && exits 64 -m "$box" -F 'a..b'
ok 'wrong usage is EX_USAGE'
keywords=$(printf ' -k k%d' $(seq 16)) address=$(printf '%0900d' 0)
# shellcheck disable=SC2086
exits 0 -m "$site/mail/demo/t/Fresh" $keywords -a "$address" &&
	exits 64 -m "$box" $keywords -k more && exits 64 -m "$box" -a "${address}0"
ok 'sixteen keywords and an address of 900 bytes, not one more'
if [ "$(id -u)" = 0 ]; then
	"$PROGRAMS/imapd-deliver" -m "$box" <"$site/in" >"$site/said" 2>&1
	[ $? -eq 64 ] && grep -q 'never as root' "$site/said"
	ok 'root is refused'
	mkdir -m 700 "$site/closed"
	exits 77 -m "$site/closed/Maildir"
	ok 'what may not be entered is EX_NOPERM'
else
	skip 'root is refused' 'needs root'
	skip 'what may not be entered is EX_NOPERM' 'needs root'
fi
: >"$site/in"
exits 65 -m "$box"
ok 'nothing on standard input is EX_DATAERR'

# Quota: of a file and of a pipe, whose size nobody knows before
box=$site/mail/demo/t/Fresh
{ printf 'Subject: big\n\n' && head -c 100000 /dev/zero | tr '\0' x && echo; } \
	>"$site/in"
owner sh -c "printf '50000S\n0 0\n' >'$box/maildirsize'"
before=$(find "$box" -type f | wc -l)
exits 75 -m "$box" && grep -q 'over quota' "$site/said"
ok 'over quota is EX_TEMPFAIL'
exits 69 -m "$box" -b
ok 'or a bounce, if that is wanted'
owner sh -c "(cat; true) | '$PROGRAMS/imapd-deliver' -m '$box'" \
	<"$site/in" 2>"$site/said"
[ $? -eq 75 ] && grep -q 'over quota' "$site/said" &&
	[ "$(find "$box" -type f | wc -l)" = "$before" ]
ok 'of a pipe, too, and nothing is left'
printf 'Subject: small\n\nx\n' >"$site/in"
deliver -m "$box" && [ "$(tail -n 1 "$box/maildirsize" | tr -d ' ')" = 181 ]
ok 'what is delivered is counted'
owner rm "$box/maildirsize"

# A mail system that gives up, and one that allows no file so large
before=$(find "$box/new" -type f | wc -l)
mkfifo "$site/fifo"
owner "$PROGRAMS/imapd-deliver" -m "$box" <"$site/fifo" 2>"$site/said" &
agent=$!
exec 9>"$site/fifo"
printf 'Subject: half\n\n' >&9
wait_for 10 sh -c "find '$box/tmp' -type f | grep -q ."
pkill -TERM -P $agent 2>/dev/null || kill -TERM $agent
wait $agent
rc=$?
exec 9>&-
[ $rc -eq 75 ] && [ -z "$(find "$box/tmp" -type f)" ] &&
	[ "$(find "$box/new" -type f | wc -l)" = "$before" ]
ok 'given up by a signal: EX_TEMPFAIL, and nothing is left'
head -c 3000000 /dev/zero | tr '\0' x >"$site/in"
(
	ulimit -f 1000
	exits 75 -m "$box"
) && [ -z "$(find "$box/tmp" -type f)" ]
ok 'a file size limit: EX_TEMPFAIL, and nothing is left'
# A session may have taken it to cur/ already.
home=$site/mail/demo/Maildir
before=$(find "$home/new" "$home/cur" -type f | wc -l)
owner env HOME="$site/mail/demo" MAILDIR= "$PROGRAMS/imapd-deliver" -N '' \
	<"$site/want" &&
	[ "$(find "$home/new" "$home/cur" -type f | wc -l)" -eq $((before + 1)) ]
ok 'the Maildir is that of the home, if none is named'
site_stop
ok 'the server stops cleanly'
! logged ' died\| crashed'
ok 'and nothing died'
plan
