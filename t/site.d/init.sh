#!/bin/sh
# The init script, an installed tree and the system users: as root, in a private
# mount namespace with an /etc and a /run of its own. Prints TAP.
# shellcheck source=t/private.sh
. t/private.sh
# shellcheck source=t/lib.sh
. t/lib.sh
init=/etc/init.d/imapd
port=$(free_port 3)
run() { # STATUS ARGUMENT: the script's exit status
	sh "$init" "$2" >"$site/out" 2>&1
	rc=$?
	[ $rc -eq "$1" ] || sed 's/^/# /' "$site/out"
	[ $rc -eq "$1" ]
}
pid() { cat /run/imapd.pid; }
workers() { ps -o pid=,args= --ppid "$(pid)" | awk '/worker/ { print $1 }'; }
user_of() { # WORD: the user of the master's child whose title says so
	ps -o user:16=,args= --ppid "$(pid)" | awk -v w=": $1" '$0 ~ w { print $1; exit }'
}
cp -a /etc "$site/etc"
mount --bind "$site/etc" /etc && mount -t tmpfs none /run &&
	mount -t tmpfs none /usr/local && mount -t tmpfs none /home || exit 1
mkdir -p /usr/local/sbin /usr/local/libexec/imapd
cp "$PROGRAMS/imapd-master" /usr/local/sbin
cp "$PROGRAMS/imapd-worker" "$PROGRAMS/imapd-auth" "$PROGRAMS/imapd" \
	/usr/local/libexec/imapd
cp etc/imapd etc/imapd-ssl /etc
cp etc/pam.imap /etc/pam.d/imap
cp etc/imapd.init "$init"
sed -i "s/^PORT=.*/PORT=127.0.0.1.$port/" /etc/imapd
sed -i '/^imapd/d' /etc/passwd /etc/shadow /etc/group

run 3 status
ok 'status: not running'
run 1 start && grep -q 'USERNAME=imapd: no such user' "$site/out"
ok 'start without the system users: says which, status 1'
while read -r type name _; do
	[ "$type" != u ] || useradd -r -M -U "$name"
done <etc/imapd.sysusers
run 0 start
ok 'start'
run 0 start && grep -q already "$site/out"
ok 'start of a running server does nothing'
run 0 status
ok 'status: running'
[ "$(user_of worker)" = imapd ] && [ "$(user_of auth)" = imapd-auth ] &&
	[ "$(user_of log)" = imapd ] && [ "$(user_of watch)" = imapd ] &&
	[ "$(user_of spawner)" = root ] && [ "$(user_of pam)" = root ]
ok 'each process has its user'
useradd -m -K UID_MIN=2000 -p "$(openssl passwd -6 secret)" reader
mkdir -p /home/reader/Maildir/cur /home/reader/Maildir/new \
	/home/reader/Maildir/tmp
chown -R reader /home/reader
curl -s -m 5 "imap://127.0.0.1:$port/" -u reader:secret >"$site/list"
grep -q INBOX "$site/list"
ok 'a system user logs in through PAM'
echo MAXPERIP=30 >>/etc/imapd
run 0 reload
ok 'reload'
cp /etc/imapd "$site/good"
echo MAXPERIP=0 >>/etc/imapd
run 1 reload && grep -q 'imapd:[0-9]*: MAXPERIP' "$site/out"
ok 'reload with an error: file and line, status 1'
old=$(pid)
run 1 restart && [ "$(pid)" = "$old" ]
ok 'restart with an error leaves the server running'
cp "$site/good" /etc/imapd
chmod 666 /etc/imapd
run 1 reload
ok 'settings that anybody may write are refused'
chmod 644 /etc/imapd
old=$(workers)
cp "$PROGRAMS/imapd-worker" /usr/local/libexec/imapd/new
mv /usr/local/libexec/imapd/new /usr/local/libexec/imapd/imapd-worker
run 0 reload
for p in $old; do
	wait_for 5 gone "$p" || false
done
ok 'a reload after an upgrade renews the workers'
old=$(pid)
run 0 restart && [ "$(pid)" != "$old" ]
ok 'restart'
old=$(pid)
run 0 stop && gone "$old" && [ ! -e /run/imapd.pid ]
ok 'stop waits until the server is gone'
run 0 stop
ok 'stop of a stopped server does nothing'
echo 999999999 >/run/imapd.pid
run 1 status
ok 'status: dead, with a pid file'
run 2 nonsense
ok 'usage'
plan
