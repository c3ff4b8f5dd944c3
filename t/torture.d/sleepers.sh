#!/bin/sh
# A PAM module that sleeps 60 s, and 100 logins that meet it, of one address and
# of 100, while others log in and work (RELIABILITY B8; sleepers.py). Prints TAP.
# shellcheck source=t/private.sh
. t/private.sh
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'a PAM module that sleeps' 'no python3'
	plan
fi
own=$site/etc
mkdir "$own"
cp -R /etc/pam.d "$own/pam.d"
cp -p /etc/passwd "$own/passwd"
cat >"$own/pam.d/imap" <<T
auth [success=ignore default=1] pam_succeed_if.so quiet user =~ slow*
auth required pam_exec.so quiet $PWD/t/pam.d/sleep.sh
auth required pam_permit.so
account required pam_permit.so
T
# user NAME UID: one of the system's
user() {
	echo "$1:x:$2:65534::$site/home/$1:/usr/sbin/nologin" >>"$own/passwd"
}
for i in $(seq 100 199); do
	user "slow$i" "62$i"
done
for name in anna:62001 bert:62002 carl:62003; do
	uid=${name#*:} name=${name%:*}
	user "$name" "$uid"
	mkdir -p "$site/home/$name/Maildir/cur" "$site/home/$name/Maildir/new" \
		"$site/home/$name/Maildir/tmp"
	chown -R "$uid:65534" "$site/home/$name"
done
mount --bind "$own/passwd" /etc/passwd
mount --bind "$own/pam.d" /etc/pam.d
site_start AUTHMODULES=authpam MINUID=1000 PAMSERVICE=imap MAXUNAUTH=400 \
	MAXUNAUTH_PERIP=120 MAXPERIP=200 MAXRATE_PERIP=1000000
ok 'the server starts'
clients timeout 300 python3 t/torture.d/sleepers.py "$port" "$(role pam)"
site_stop
ok 'the server stops, whoever sleeps'
! grep -v "pam: a child died, hung" "$site/log" |
	grep " died\| broke the rules\|ended with status"
ok 'no process came to harm'
plan
