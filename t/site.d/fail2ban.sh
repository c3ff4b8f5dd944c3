#!/bin/sh
# fail2ban-regex with its own courier-auth filter and with ours, over the log
# that a site wrote: whom it would ban. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
# Installed, or only unpacked (etc/setup fail2ban DIR).
unpacked=$PROGRAMS/fail2ban
if has fail2ban-regex; then
	conf=/etc/fail2ban
	regex() { fail2ban-regex -c "$conf" "$@"; }
elif [ -x "$unpacked/usr/bin/fail2ban-regex" ] && has python3; then
	conf=$unpacked/etc/fail2ban
	regex() {
		PYTHONPATH="$unpacked/usr/lib/python3/dist-packages" python3 \
			"$unpacked/usr/bin/fail2ban-regex" -c "$conf" "$@"
	}
else
	skip 'whom fail2ban would ban' 'no fail2ban'
	plan
fi
banned() { # FILTER: the addresses and how often, one a line
	regex -o '<ip>' "$site/mail.log" "$1" 2>"$site/err" |
		sort | uniq -c | awk '{ print $1, $2 }'
}
site_make AUTH_FLOOR_MS=1
site_run
ok 'the server starts'
printf '%s\n' '1+ nologin' '1> a LOGIN demo wrong' '1$ a NO' \
	'1> b LOGIN "x, ip=[203.0.113.9], port=[1]" y' '1$ b NO' \
	'2+ nologin' '2> a AUTHENTICATE PLAIN AGRlbW8Ad3Jvbmc=' '2$ a NO' \
	'2> b LOGIN demo demo' '2$ b OK' \
	'3+ nologin' '3> a ID ("x-originating-ip" "198.51.100.7")' '3$ a OK' \
	'3> b LOGIN demo wrong' '3$ b NO' |
	"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1
ok 'failed and good logins'
wait_for 5 logged 'client=\[::ffff:198.51.100.7\]'
ok 'the log has them'
site_stop
# As syslog writes them: ident and text are ours, date and host are not.
sed -n 's/^[-0-9]* [:.0-9]* \(imapd.*\)/Nov 22 10:00:00 mail \1/p' "$site/log" \
	>"$site/mail.log"
[ "$(banned "$conf/filter.d/courier-auth.conf")" = '4 127.0.0.1' ]
ok "Debian's courier-auth filter: every failure, by the address"
mkdir -p "$site/filter.d"
cp "$conf"/filter.d/common.conf "$site/filter.d/"
cp etc/fail2ban-imapd.conf "$site/filter.d/imapd.conf"
[ "$(banned "$site/filter.d/imapd.conf")" = "3 127.0.0.1
1 198.51.100.7" ]
ok "ours: behind a trusted webmail its client, and never a name's address"
sed 's/^/# /' "$site/err"
plan
