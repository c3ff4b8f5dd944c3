#!/bin/sh
# Options of accounts and DEFAULTOPTIONS: who may come in, and how; with userdb.
# Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
site_make DEFAULTOPTIONS=disableinsecureimap=1,disableshared=1 AUTH_FLOOR_MS=200 \
	AUTHSERVICE"$(free_port 1)"=local
line=$(grep '^demo	' "$site/userdb")
hash=${line##*imappw=}
line=${line#demo	}
line=${line%imappw=*}
account() { # NAME OPTIONS [FIELD]: with demo's mail and password
	printf '%s\t%s%s=%s|options=%s\n' "$1" "$line" "${3:-localpw}" "$hash" "$2"
}
{
	account plain disableinsecureimap=0
	account word disableinsecureimap=no
	account secure ''
	account off disableimap=1,disableinsecureimap=0
	account offword x=1,disableimap=Yes
	account on disableimap=0,disableinsecureimap=0
	account other disableinsecureimap=0 imappw
} >"$site/userdb"
site_run
ok 'the server starts'
say() {
	"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
	return $rc
}
say <<'T'
1+ nologin
2+ nologin
3+ nologin
4+ nologin
5+ nologin
6+ nologin
1> a LOGIN plain demo
1$ a OK
2> a LOGIN word demo
2$ a OK
3< * OK ...
3> a LOGIN secure demo
3< * BYE IMAP access disabled via insecure connection.
4< * OK ...
4> a LOGIN off demo
4< * BYE IMAP access disabled for this account.
5< * OK ...
5> a LOGIN offword demo
5< * BYE IMAP access disabled for this account.
6> a LOGIN on demo
6$ a OK
T
ok 'an account has its own options, and DEFAULTOPTIONS where it has none'
say <<'T'
1+ nologin
1> a LOGIN off wrong
1$ a NO [AUTHENTICATIONFAILED] ...
1> b LOGIN secure wrong
1$ b NO [AUTHENTICATIONFAILED] ...
T
ok 'nobody hears of them without the right password'
logged 'LOGIN REFUSED, user=off, .*reason=disabled' &&
	logged 'LOGIN REFUSED, user=secure, .*reason=insecure'
ok 'the log has the reason'
say <<'T'
1+ nologin
1> a LOGIN other demo
1$ a NO [AUTHENTICATIONFAILED] ...
T
ok 'AUTHSERVICE of the port names the password that counts'
if has curl; then
	curl -s -m 10 -k --ssl-reqd -u secure:demo "imap://127.0.0.1:$port/" |
		grep -q LIST
	ok 'disableinsecureimap: with STARTTLS it is let in'
	curl -s -m 10 -k -u other:demo "imaps://127.0.0.1:$sslport/" |
		grep -q LIST
	ok 'another port has another service'
else
	skip 'with TLS' 'no curl'
fi
site_stop
ok 'the server stops'
plan
