#!/bin/sh
# AUTHENTICATE EXTERNAL over the wire: a client's certificate logs in on the
# listener that IMAP_EXTERNAL names, nobody does anywhere else. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'login by certificate' 'no python3'
	plan
fi
make() { # FILE SUBJECT ARGUMENT...: a certificate and its key in one file
	out=$1 subject=$2
	shift 2
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 30 -subj "$subject" -keyout "$site/key" -out "$site/crt" \
		"$@" 2>/dev/null && cat "$site/crt" "$site/key" >"$site/$out"
}
# Each is vouched for by itself, if it is in the list of those that are believed.
make demo.pem /CN=demo && cat "$site/crt" >"$site/trusted" &&
	make mail.pem /CN=demo/emailAddress=nobody@example.org &&
	cat "$site/crt" >>"$site/trusted" &&
	make nameless.pem /O=example && cat "$site/crt" >>"$site/trusted" &&
	make stranger.pem /CN=demo || exit 1
site_start IMAP_EXTERNAL=SSLPORT TLS_EXTERNAL=CN TLS_VERIFYPEER=PEER \
	"TLS_TRUSTCERTS=$site/trusted"
ok 'the server starts with IMAP_EXTERNAL=SSLPORT'
clients python3 t/site.d/external.py "$port" "$sslport" "$site"
logged 'LOGIN, user=demo' && logged 'LOGIN FAILED, method=EXTERNAL'
ok 'both are in the log'
plan
