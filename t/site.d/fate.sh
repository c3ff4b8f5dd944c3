#!/bin/sh
# What a machine may do to a running server: no memory at a call of each process,
# no more processes, memory groups that end, a clock that jumps, sessions killed
# while their clients are parked (fate.py; RELIABILITY B21, C13, C15, C16, C22, D16).
# FULL=1: at every call. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
name='a machine at its end'
if ! has python3; then
	skip "$name" 'no python3'
	plan
fi
if nm -D "$PROGRAMS/imapd" 2>/dev/null | grep -q '__[at]san'; then
	skip "$name" 'a sanitizer has the memory'
	plan
fi
truncate -s 4096 "$site/fate"
chmod 666 "$site/fate"
USERS=20
site_make IMAP_PARK_LINGER=0 MAXPERIP=300 MAXPERUSER=200 WORKERS=1
FATE=$site/fate LD_PRELOAD=$PROGRAMS/t/evil/fate.so site_run
ok 'the server starts'
clients timeout 1200 python3 t/site.d/fate.py "$port" "$site/mail" "$master" \
	"$site/fate"
site_stop
ok 'the server stops cleanly'
! logged 'Assertion\|SIGSEGV\|signal 11'
ok 'nothing was corrupted'
plan
