#!/bin/sh
# AUTHMODULES=authdaemon with Courier's own authdaemond (the one that etc/setup
# unpacked into O/courier, or the installed one) behind it: userdb and PAM
# accounts of its modules, options, its absence. In a mount namespace with an
# /etc, /run and /usr/lib of its own. Prints TAP.
# shellcheck source=t/private.sh
. t/private.sh
# shellcheck source=t/lib.sh
. t/lib.sh
unpacked=$1/courier
name="Courier's authdaemond"
daemon=/usr/lib/courier/courier-authlib/authdaemond
own=$site/own
mkdir -p "$own/etc/courier" "$own/run" "$own/home" "$own/bin"
if [ -x "$unpacked$daemon" ] && [ -x "$unpacked/usr/sbin/makeuserdb" ]; then
	cp -R "$unpacked/usr/lib" "$own/lib"
	cp "$unpacked/usr/sbin/makeuserdb" "$own/bin"
	mount -t overlay overlay -o "lowerdir=$own/lib:/usr/lib" /usr/lib
	why=$?
elif [ -x "$daemon" ] && has makeuserdb; then
	why=0
else
	skip "$name" 'not there (etc/setup courier DIR unpacks it)'
	plan
fi
has perl || why=1
cp /etc/passwd /etc/shadow /etc/group "$own/etc"
cp -R /etc/pam.d "$own/etc"
cp etc/pam.imap "$own/etc/pam.d/imap"
echo "petra:x:62001:62001::$own/home/petra:/usr/sbin/nologin" >>"$own/etc/passwd"
echo "petra:$(openssl passwd -6 pw-petra):20000:0:99999:7:::" >>"$own/etc/shadow"
printf 'petra:x:62001:\nreaders:x:62010:petra\n' >>"$own/etc/group"
mkdir -p "$own/home/petra/Maildir/cur" "$own/home/petra/Maildir/new" \
	"$own/home/petra/Maildir/tmp"
printf 'Subject: x\n\nof petra\n' >"$own/home/petra/Maildir/cur/1.M1.x:2,S"
chown -R 62001:62001 "$own/home/petra"
chmod 640 "$own/etc/shadow"
if [ $why -ne 0 ] || ! mount --bind "$own/run" /run ||
	! mount -t overlay overlay -o "lowerdir=$own/etc:/etc" /etc; then
	skip "$name" 'cannot mount an overlay, or no perl'
	plan
fi

say() { # a conversation with the running site, on standard input
	"$PROGRAMS/t/talk" -p "$port" - >"$site/talk.out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
	return $rc
}
courier= # authdaemond's pid
daemon_start() {
	mkdir -p /run/courier/authdaemon
	chmod 750 /run/courier /run/courier/authdaemon
	(
		cd /
		set -a
		# shellcheck source=/dev/null
		. "$own/etc/courier/authdaemonrc"
		# At its end it signals its whole process group.
		exec setsid "$daemon"
	) >>"$site/courier.log" 2>&1 3>&1 &
	courier=$!
	wait_for 10 test -S /run/courier/authdaemon/socket
}
daemon_stop() {
	[ -n "$courier" ] || return 0
	# Its children end with it.
	kill -TERM "$courier"
	wait "$courier" 2>/dev/null
	courier=
	rm -f /run/courier/authdaemon/socket
}
trap 'daemon_stop; site_stop; rm -rf "$site"' EXIT

site_make AUTHMODULES=authdaemon DEFAULTOPTIONS=disableinsecureimap=0 \
	AUTH_FLOOR_MS=200
crypted=$(openssl passwd -1 pw)
mail=$(stat -c 'uid=%u|gid=%g' "$site/mail/demo")
account() { # NAME OPTIONS [IDS]: one with demo's Maildir
	printf '%s\thome=%s|%s|mail=%s|systempw=%s|options=%s\n' "$1" \
		"$site/mail/demo" "${3:-$mail}" "$site/mail/demo/Maildir" \
		"$crypted" "$2"
}
{
	account anna disableshared=1
	account off disableimap=1
	account tls disableinsecureimap=1
	account toor disableshared=1 'uid=0|gid=0'
} >"$own/etc/courier/userdb"
chmod 600 "$own/etc/courier/userdb"
cat >"$own/etc/courier/authdaemonrc" <<-'T'
	authmodulelist="authuserdb authpam"
	authmodulelistorig="authuserdb authpam"
	daemons=2
	authdaemonvar=/run/courier/authdaemon
	DEBUG_LOGIN=1
	DEFAULTOPTIONS=""
	LOGGEROPTS=""
T
PATH=$own/bin:$PATH makeuserdb -f "$own/etc/courier/userdb" >"$site/made" 2>&1
ok "$name: makeuserdb makes its database of our text"
sed 's/^/# /' "$site/made"
site_run
ok 'the server starts with AUTHMODULES=authdaemon'
say <<'T'
1+ nologin
1> a LOGIN anna pw
1$ a NO [UNAVAILABLE] ...
T
ok 'without the daemon: try again later'
logged 'user=anna: authdaemond at /run/courier/authdaemon/socket: connect'
ok 'and the log says where it was looked for'
! logged 'LOGIN FAILED'
ok 'nor is it a failed login'
daemon_start
ok 'authdaemond starts'
say <<'T'
1+ nologin
2+ nologin
3+ nologin
4+ nologin
5+ nologin
6+ nologin
1> a LOGIN anna pw
1$ a OK ...LOGIN Ok.
1> b SELECT INBOX
1$ b OK [READ-WRITE] ...
2> a LOGIN anna wrong
2$ a NO [AUTHENTICATIONFAILED] ...
3> a AUTHENTICATE PLAIN AHBldHJhAHB3LXBldHJh
3$ a OK
3> b SELECT INBOX
3$ b OK
3> c FETCH 1 BODY.PEEK[TEXT]
3< * 1 FETCH (BODY[TEXT] {...}|of petra|)
3$ c OK
4< * OK ...
4> a LOGIN off pw
4< * BYE IMAP access disabled for this account.
5< * OK ...
5> a LOGIN tls pw
5< * BYE IMAP access disabled via insecure connection.
6> a LOGIN nobody-of-that-name pw
6$ a NO [AUTHENTICATIONFAILED] ...
6> b LOGIN toor pw
6$ b NO [AUTHENTICATIONFAILED] ...
6> c LOGIN petra wrong
6$ c NO [AUTHENTICATIONFAILED] ...
T
ok 'accounts of its userdb and of its PAM log in; options count'
logged 'LOGIN FAILED, user=anna, ip=' && logged 'user=toor.*uid 0 is refused'
ok 'wrong ones are logged, and uid 0 is refused'
cat >"$site/hold.t" <<'T'
1+ nologin
1> a LOGIN petra pw-petra
1$ a OK
1> b NOOP
1$ b OK
@sleep 3000
T
"$PROGRAMS/t/talk" -p "$port" "$site/hold.t" >"$site/hold.out" 2>&1 &
hold=$!
# shellcheck disable=SC2317
groups_are() {
	for p in $(role session); do
		grep -q '^Uid:	62001' "/proc/$p/status" &&
			grep -q '^Groups:	62001 62010 *$' "/proc/$p/status" &&
			return
	done
	return 1
}
wait_for 3 groups_are
ok "USERNAME brings the system account's uid and groups"
wait $hold
daemon_stop
say <<'T'
1+ nologin
1> a LOGIN anna pw
1$ a NO [UNAVAILABLE] ...
T
ok 'the daemon goes: try again later'
daemon_start
say <<'T'
1+ nologin
1> a LOGIN anna pw
1$ a OK
T
ok 'it comes back: logged in'
kill -STOP "$courier"
pgrep -P "$courier" | xargs kill -STOP
say <<'T'
1+ nologin
2+ nologin
1> a LOGIN anna pw
2> a NOOP
2$ a OK
T
ok 'while it hangs others are served'
kill -CONT "$courier"
pgrep -P "$courier" | xargs kill -CONT
daemon_stop
site_stop
ok 'the server stops'
[ $bad -eq 0 ] || sed 's/^/# courier: /' "$site/courier.log"
plan
