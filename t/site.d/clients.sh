#!/bin/sh
# Real clients against the demonstration site: curl, openssl, mbsync, mutt,
# offlineimap, Python's imaplib. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
HOME=$site # of clients that look for one
export HOME
site_start ""
ok 'the demonstration site starts'
inbox=$site/mail/demo/Maildir

if has curl; then
	curl -s -m 10 -u demo:demo "imap://127.0.0.1:$port/INBOX;UID=1" |
		grep -q '^Subject: Welcome to your demonstration'
	ok 'curl reads a message on PORT'
	curl -s -m 10 -k -u demo:demo "imaps://127.0.0.1:$sslport/INBOX;UID=1" |
		grep -q '^Subject: Welcome to your demonstration'
	ok 'curl reads a message on SSLPORT'
	curl -s -m 10 -k --ssl-reqd -u demo:demo "imap://127.0.0.1:$port/" |
		grep -q 'LIST.*INBOX.Archive'
	ok 'curl lists after STARTTLS'
	printf 'From: a\r\nSubject: by curl\r\n\r\nbody\r\n' >"$site/m.eml"
	curl -s -m 10 -u demo:demo -T "$site/m.eml" \
		"imap://127.0.0.1:$port/INBOX.Drafts" >/dev/null &&
		grep -lq 'by curl' "$inbox"/.Drafts/???/*
	ok 'curl appends a message'
	! curl -s -m 20 -u demo:wrong "imap://127.0.0.1:$port/" >/dev/null
	ok 'curl is refused with a wrong password'
else
	skip curl 'no curl'
fi

printf 'a LOGIN demo demo\nb SELECT INBOX\nc LOGOUT\n' |
	{
		cat
		sleep 1
	} | timeout 10 openssl s_client -quiet -crlf -connect \
	"127.0.0.1:$sslport" 2>/dev/null | grep -q '^b OK \[READ-WRITE\]'
ok 'openssl s_client selects the INBOX'

if has mbsync; then
	mkdir -p "$site/mb"
	cat >"$site/mbsyncrc" <<-EOF
	IMAPAccount demo
	Host 127.0.0.1
	Port $port
	User demo
	Pass demo
	SSLType None

	IMAPStore far
	Account demo
	PathDelimiter .
	Path INBOX.

	MaildirStore near
	Path $site/mb/
	Inbox $site/mb/INBOX
	SubFolders Verbatim

	Channel all
	Far :far:
	Near :near:
	Patterns INBOX *
	Create Both
	Expunge Both
	SyncState *
	EOF
	timeout 60 mbsync -c "$site/mbsyncrc" all >"$site/mb.1" 2>&1
	ok 'mbsync transfers the account'
	[ "$(find "$inbox" -path '*/cur/*' -type f | wc -l)" -eq \
		"$(find "$site/mb" -path '*/cur/*' -o -path '*/new/*' |
			grep -c .)" ]
	ok 'mbsync has every message'
	# a change on each side
	f=$(find "$site/mb/INBOX/cur" -type f | sort | head -n 1)
	mv "$f" "${f%,*},FS"
	printf 'From: x\nSubject: from near\n\nhello\n' >"$site/mb/INBOX/new/1.near"
	timeout 60 mbsync -c "$site/mbsyncrc" all >"$site/mb.2" 2>&1 &&
		grep -lq 'from near' "$inbox"/???/* && ls "$inbox"/cur/*:2,FS >/dev/null
	ok 'mbsync carries changes back'
	timeout 60 mbsync -V -c "$site/mbsyncrc" all >"$site/mb.3" 2>&1 &&
		! grep -E 'far: .*\+[1-9]|near: .*\+[1-9]|\*[1-9]|#[1-9]' "$site/mb.3"
	ok 'a second run of mbsync transfers nothing'
else
	skip mbsync 'no mbsync'
fi

if has mutt && ! getent passwd "$(id -u)" >/dev/null; then
	skip mutt 'this user has no passwd entry, without which mutt does not start'
elif has mutt; then
	cat >"$site/muttrc" <<-EOF
	set imap_user=demo imap_pass=demo ssl_starttls=no ssl_force_tls=no
	set folder=imap://127.0.0.1:$port/ spoolfile=+INBOX
	set quit=yes confirmappend=no confirmcreate=no delete=yes copy=no sleep_time=0 mbox_type=Maildir
	push "<tag-pattern>~s Pins<enter><tag-prefix><copy-message>$site/mutt.out<enter><quit>"
	EOF
	TERM=xterm timeout 60 script -qec "mutt -n -F '$site/muttrc'" /dev/null \
		>"$site/mutt.log" 2>&1 </dev/null
	grep -rlq 'Did you get the pins' "$site/mutt.out"
	ok 'mutt opens the INBOX and copies a message out'
else
	skip mutt 'no mutt'
fi

if has offlineimap; then
	cat >"$site/offlineimaprc" <<-EOF
	[general]
	accounts = demo
	metadata = $site/oi.meta
	ui = basic
	[Account demo]
	localrepository = near
	remoterepository = far
	[Repository near]
	type = Maildir
	localfolders = $site/oi
	[Repository far]
	type = IMAP
	remotehost = 127.0.0.1
	remoteport = $port
	remoteuser = demo
	remotepass = demo
	ssl = no
	starttls = no
	EOF
	HOME=$site timeout 120 offlineimap -1 -c "$site/offlineimaprc" -o \
		>"$site/oi.1" 2>&1
	ok 'offlineimap transfers the account'
	grep -rlq 'Did you get the pins' "$site/oi"
	ok 'offlineimap has the messages'
	HOME=$site timeout 120 offlineimap -1 -c "$site/offlineimaprc" -o \
		>"$site/oi.2" 2>&1 && ! grep -q 'Copy message' "$site/oi.2"
	ok 'a second run of offlineimap copies nothing'
else
	skip offlineimap 'no offlineimap'
fi

if has python3; then
	timeout 60 python3 t/site.d/imaplib_session.py "$port" "$sslport" \
		>"$site/py.log" 2>&1
	ok "Python's imaplib: login, append, search, store, copy, expunge, IDLE"
	[ $bad -eq 0 ] || sed 's/^/# /' "$site/py.log"
else
	skip imaplib 'no python3'
fi

site_stop
ok 'the server stops cleanly'
! logged ' died\| crashed\|Sanitizer'
ok 'no process died meanwhile'
plan
