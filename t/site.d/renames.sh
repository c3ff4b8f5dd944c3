#!/bin/sh
# Four programs rename messages of one folder all the time, Courier and Dovecot among
# them (of O/courier and O/dovecot, or installed), a client stores flags in it, others
# read: no message is told as gone, none gets another UID, none is there twice
# (renames.py; RELIABILITY D17). Seconds and some messages here, twenty thousand for
# five minutes in torture.d/renames.sh. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'messages that are renamed all the time' 'no python3'
	plan
fi
messages=${RENAME_MESSAGES:-1500} seconds=${RENAME_SECONDS:-5}
site_make WORKERS=1
box=$site/mail/demo/Maildir
rm -f "$box"/cur/* "$box"/new/*
i=0
while [ $i -lt "$messages" ]; do
	i=$((i + 1))
	printf 'Subject: %d\n\n%d\n' $i $i >"$box/cur/$((1700000000 + i)).M${i}P1.box:2,"
done
chown -R "$(stat -c %u:%g "$box")" "$box/cur"
unpack courier usr/bin/imapd usr/lib /usr/bin/imapd
unpack dovecot usr/lib/dovecot/imap usr/lib/dovecot /usr/lib/dovecot/imap
site_run
ok 'the server starts'
clients timeout $((seconds * 4 + 300)) python3 t/site.d/renames.py "$port" "$box" \
	"$messages" "$seconds" "$site"
site_stop
ok 'the server stops'
plan
