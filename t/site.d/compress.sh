#!/bin/sh
# COMPRESS=DEFLATE against the whole server: plain and TLS, decompression bombs,
# what a client costs. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'COMPRESS' 'no python3'
	plan
fi
site_start MAXPERIP=100 MAXPERUSER=100 APPENDLIMIT=10000000 IMAP_PARK_LINGER=0
ok 'the server starts'
# shellcheck disable=SC2046
clients timeout 120 python3 t/site.d/compress.py "$port" "$sslport" $(role worker)
logged 'COMPRESS broken, user=demo, ip=\[::ffff:127.0.0.1\], port=\[[0-9]*\], reason=too much that yields nothing'
ok 'a client that is dropped for its stream is in the log'
site_stop
ok 'the server stops cleanly'
! logged ' died\| crashed\|Sanitizer'
ok 'no process died meanwhile'
plan
