#!/bin/sh
# Workers and sessions that have been taken over in a running house (t/evil/worker.c
# and session.c in the place of ours): each sends something wrong, or right in form
# and a lie. The house stays up, the offender is gone, other clients stay served
# (taken.py; RELIABILITY E4, E5, E7). FULL=1: every wrong message of a worker to the
# master, else a fifth of them (SEED=n: another one). Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'workers and sessions that have been taken over' 'no python3'
	plan
fi
many=30
USERS=4
site_make WORKERS=32 IMAP_PARK_LINGER=0 IMAP_LINGER=0 MAXRATE_PERIP=6000
mkdir "$site/programs" "$site/evil"
for p in imapd-master imapd-auth; do
	cp "$PROGRAMS/$p" "$site/programs/$p"
done
cp "$PROGRAMS/imapd-worker" "$site/programs/imapd-honest"
cp "$PROGRAMS/t/evil/worker" "$site/programs/imapd-worker"
cp "$PROGRAMS/imapd" "$site/programs/imapd"
for u in user0001 user0002; do
	box=$site/mail/$u/Maildir
	printf 'Subject: only-%s\n\n.\n' "$u" >"$box/cur/1799999999.M1P1.$u:2,S"
	chown "$(stat -c %u:%g "$box")" "$box/cur"/*
done
evil_run() { # BASE: a server whose first workers do the deeds from there on
	rm -f "$site/evil/go"
	EVIL=$site/evil EVIL_BASE=$1 EVIL_MANY=$many \
		"$site/programs/imapd-master" -F -f "$site/imapd" >>"$site/log" 2>&1 &
	master=$!
	wait_for 60 test -s "$site/imapd.pid"
}
count=$("$PROGRAMS/t/evil/worker" --count)
if [ "${FULL:-}" = 1 ]; then
	bases=$(seq 0 $many "$count")
else
	bases=$((${SEED:-0} % (count / many) * many))
fi
for base in 1000 $bases; do
	evil_run "$base"
	ok "a house with $many evil workers starts, deeds from $base on"
	clients timeout 300 python3 t/site.d/taken.py workers "$port" "$site" \
		"$master" "$base" $many
	site_stop
	ok 'the server stops'
done
! logged 'died of signal [^9]'
ok 'no honest process came to harm'

: >"$site/log"
cp "$PROGRAMS/imapd-worker" "$site/programs/imapd-worker"
cp "$PROGRAMS/t/evil/session" "$site/programs/imapd"
sed -i 's/^WORKERS=.*/WORKERS=1/' "$site/imapd"
evil_run 0
ok 'a house with evil sessions starts'
clients timeout 300 python3 t/site.d/taken.py sessions "$port" "$site" "$master" \
	"$("$PROGRAMS/t/evil/session" --count)"
site_stop
ok 'the server stops'
! logged 'died of signal\|broke the rules\|stays open'
ok 'no worker was ended for what its session did'
flood=$(grep -c 'session: flood' "$site/log")
[ "$flood" -ge 190 ] && [ "$flood" -le 300 ] && logged 'lines more were dropped'
ok "20,000 lines of a session: $flood are written, the log says that more came"
logged 'imapd: session: LOGIN FAILED, user=root' &&
	! logged 'imapd: LOGIN FAILED, user=root'
ok 'a session cannot have an address banned'
plan
