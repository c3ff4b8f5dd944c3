#!/bin/sh
# IMAPACCESSFILE and TCPDOPTS on a running site: who is denied, who may have
# more connections, what is told, and what a reload changes. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
talk=$PROGRAMS/t/talk
say() { # a conversation with the running site, on standard input
	"$talk" -p "$port" - >"$site/talk.out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
	return $rc
}
rule() { # LINE...: the access file
	printf '%s\n' "$@" >"$site/imapaccess"
	kill -HUP "$master"
	sleep 0.3
}
tls_greets() {
	printf 'a LOGOUT\r\n' | timeout 5 openssl s_client -quiet -connect \
		"127.0.0.1:$sslport" 2>/dev/null | grep -q '^\* OK'
}
site_make MAXPERIP=2 IMAP_PARK_YIELD=0 MAXPERIP_EXEMPT=192.0.2.1 IMAPACCESSFILE="$site/imapaccess" \
	TCPDOPTS='-nodnslookup -noidentlookup -warn=2 -listen=50 -maxperc=4'
printf '127.0.0.1\tdeny\n' >"$site/imapaccess"
site_run
ok 'the server starts'
printf '1+ nologin\n1- eof\n' | say
ok 'who is denied is closed without a word'
logged 'Denied by IMAPACCESSFILE, ip=\[::ffff:127.0.0.1\], port=\['
ok 'with a log line'
rule '127	deny' '127.0.0.1	allow,MAXCPERIP=3'
printf '1+\n2+\n3+\n4+ nologin\n4< * BYE [ALERT] ...limit 3...\n4- eof\n' | say
ok 'SIGHUP: the most specific line holds, and its MAXCPERIP'
logged '2 active connections\.$'
ok '-warn: a line at that many connections'
sleep 1 # one line a second is told of an address
rule '127.0.0.1	allow,MAXCPERIP=9'
printf '1+\n2+\n3+\n4+\n5+ nologin\n5< * BYE [ALERT] ...network...limit 4...\n5- eof\n' | say
ok '-maxperc: the fifth of the network'
logged 'Maximum connection limit reached for ::ffff:127.0.0.1, address=\[::ffff:127.0.0.0/120\]'
ok 'with a log line'
rule '127.0.0.1	deny' 'rubbish'
logged 'imapaccess:2: ' && logged 'reload: 1 errors, nothing is changed' &&
	printf '1+\n' | say
ok 'a bad line is told with file and line, and changes nothing'
! "$PROGRAMS/imapd-master" -t -f "$site/imapd" >"$site/t.out" 2>&1 &&
	grep -q 'imapaccess:2: ' "$site/t.out"
ok 'and -t fails'
sed -i 's/-maxperc=4/-denymsg=Closed_today/' "$site/imapd"
rule '127.0.0.1	deny'
printf '1+ nologin\n1< * BYE [ALERT] Closed_today\n1- eof\n' | say
ok '-denymsg is told'
rm "$site/imapaccess"
printf '*\tdeny\n*.%s\tallow\n' "$port" >"$site/list"
sed -i "s|imapaccess|list|;s|-warn=2|-accesslocal|" "$site/imapd"
kill -HUP "$master"
wait_for 5 greets && ! tls_greets
ok '-accesslocal: one port is open, the others are not'
echo MAXDAEMONS=2 >>"$site/imapd"
kill -HUP "$master"
sleep 0.3
printf '1+\n2+\n3+ nologin\n3< * BYE [ALERT] ...limit 2...\n3- eof\n' | say
ok 'over MAXDAEMONS: one BYE line'
logged '2 maximum active connections\.'
ok 'with a log line'
sed -i '$d' "$site/imapd"
echo IMAPDSTART=NO >>"$site/imapd"
sed -i 's/deny/allow/' "$site/list"
kill -HUP "$master"
wait_for 5 logged 'IMAPDSTART has changed: that needs a restart'
ok 'a setting that needs a restart is named'
greets demo demo
ok 'and nothing is closed'
site_stop
site_run
! greets demo demo >/dev/null && tls_greets
ok 'IMAPDSTART=NO: only the TLS port is open'
site_stop
sed -i 's/^IMAPDSTART=NO/IMAPDSTART=YES/' "$site/imapd"
echo IMAPDSSLSTART=NO >>"$site/imapd-ssl" # for SSLPORT this one wins
site_run && greets demo demo >/dev/null && ! tls_greets
ok 'IMAPDSSLSTART=NO: only the plain one'
plan
