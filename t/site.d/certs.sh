#!/bin/sh
# Certificates on a running site: by name and address, replaced under way, bad
# ones, and TLS settings that change by a reload. Prints TAP.
# shellcheck disable=SC2317 # called by wait_for
# shellcheck source=t/lib.sh
. t/lib.sh
pair() { # FILE NAME: FILE.crt and FILE.key of a certificate for NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days "${3:-30}" -subj "/CN=$2" -keyout "$1.key" -out "$1.crt" \
		2>/dev/null
}
shown() { # ARGUMENT...: the name in the certificate that s_client is shown
	timeout 10 openssl s_client -connect "127.0.0.1:$sslport" "$@" \
		</dev/null 2>/dev/null | sed -n 's/^subject=CN = //p'
}
shows() { # NAME ARGUMENT...
	want=$1
	shift
	[ "$(shown "$@")" = "$want" ]
}
test_only() { # STATUS: of imapd-master -t
	"$PROGRAMS/imapd-master" -t -f "$site/imapd" >"$site/t.out" 2>&1
	rc=$?
	[ $rc -eq "$1" ] || sed 's/^/# /' "$site/t.out"
	[ $rc -eq "$1" ]
}
for name in one two three mail here; do
	pair "$site/$name" $name || exit 1
done
site_make TLS_CHECK=1
cat "$site/one.crt" "$site/one.key" >"$site/imapd.pem"
cat "$site/mail.crt" "$site/mail.key" >"$site/imapd.pem.mail.example.org"
echo 'a copy' >"$site/imapd.pem.old"
site_run
ok 'the server starts'
shows one -noservername && shows mail -servername mail.example.org &&
	shows one -servername www.example.org
ok 'the certificate that a name has is shown, else the common one'
logged 'certificate of one is valid until 20' &&
	logged 'certificate of mail for mail.example.org is valid until 20' &&
	[ "$(grep -c 'certificate of one' "$site/log")" -eq 1 ]
ok 'each is logged once, with name and expiry'
logged 'the file for old beside TLS_CERTFILE is passed over'
ok 'a copy beside it is passed over'
cat "$site/here.crt" "$site/here.key" >"$site/imapd.pem.127.0.0.1"
wait_for 5 shows here -noservername && shows mail -servername mail.example.org
ok 'a new file is seen without a reload: by the local address'
test_only 0 && grep -q '^warning: the file for old beside' "$site/t.out" &&
	! grep -q 'certificate of' "$site/t.out"
ok '-t warns of what is passed over, and of nothing else'
pair "$site/soon" soon 13
cat "$site/soon.crt" "$site/soon.key" >"$site/imapd.pem.soon.example.org"
test_only 0 && grep -q '^warning: certificate of soon for soon.example.org expires in 1[23] days' \
	"$site/t.out"
ok '... and of a certificate that expires in 13 days'
rm "$site/imapd.pem.soon.example.org"
rm "$site/imapd.pem.127.0.0.1"
cat "$site/two.crt" "$site/two.key" >"$site/new" && mv "$site/new" "$site/imapd.pem"
wait_for 5 shows two -noservername && logged 'certificates are read again'
ok 'a replaced file is seen without a reload'

# certificate and key in two files, replaced one after the other
cp "$site/two.crt" "$site/c.pem" && cp "$site/two.key" "$site/k.pem"
{
	echo "TLS_CERTFILE=$site/c.pem"
	echo "TLS_PRIVATE_KEYFILE=$site/k.pem"
} >>"$site/imapd"
kill -HUP "$master"
wait_for 5 logged 'settings are reloaded'
cp "$site/three.crt" "$site/c.pem"
wait_for 5 logged 'the files are new, so this is tried again' &&
	shows two -noservername
ok 'a certificate without its new key yet: no error, the old one is served'
test_only 0 && grep -q '^warning: certificates: private key' "$site/t.out"
ok 'for -t too that is a warning only'
kill -HUP "$master"
sleep 0.5
shows two -noservername
ok 'a reload meanwhile changes nothing'
cp "$site/three.key" "$site/k.pem"
wait_for 10 shows three -noservername
ok 'the key follows, and both are used'
! logged ': nothing is changed' && ! logged 'ERR'
ok 'and nothing was an error'

# what is an error at once
cp "$site/imapd" "$site/good"
kill -HUP "$master"
wait_for 5 shows three -noservername
for wrong in TLS_CIPHER_LIST=NONSENSE "TLS_CERTFILE=$site/none.pem" \
	'TLS_CERTFILE=/bin/sh TLS_PRIVATE_KEYFILE=/bin/sh'; do
	{
		cat "$site/good"
		echo "$wrong"
		echo MAXPERIP=7
	} >"$site/imapd"
	lines=$(wc -l <"$site/log")
	test_only 1
	ok "-t refuses ${wrong%%=*}=${wrong##*/}"
	kill -HUP "$master"
	after() { tail -n +$((lines + 1)) "$site/log" | grep -q 'nothing is changed'; }
	wait_for 5 after && shows three -noservername
	ok "a reload with it changes nothing"
done

cp "$site/good" "$site/imapd"
shows three -noservername -tls1_2
ok 'TLS 1.2 is spoken'
echo 'TLS_PROTOCOL=TLSv1.3' >>"$site/imapd"
kill -HUP "$master"
only13() { ! shows three -noservername -tls1_2 && shows three -noservername; }
wait_for 5 only13
ok 'TLS_PROTOCOL=TLSv1.3 takes effect on a reload'
{
	echo "TLS_VERIFYPEER=REQUIREPEER"
	echo "TLS_TRUSTCERTS=$site/ca"
} >>"$site/imapd"
mkdir "$site/ca"
cp "$site/one.crt" "$site/ca/one.pem"
echo 'no certificate' >"$site/ca/README"
kill -HUP "$master"
hello() { # ARGUMENT...: whether the server greets
	(sleep 1; echo 'a LOGOUT'; sleep 1) | timeout 10 openssl s_client -quiet \
		-connect "127.0.0.1:$sslport" "$@" 2>/dev/null | grep -q '^\* OK'
}
required() { ! hello && hello -cert "$site/one.crt" -key "$site/one.key"; }
wait_for 15 required
ok 'TLS_VERIFYPEER=REQUIREPEER: only who has a certificate of TLS_TRUSTCERTS'
! hello -cert "$site/two.crt" -key "$site/two.key"
ok 'and not with a stranger'"'"'s'
site_stop
ok 'stop'
plan
