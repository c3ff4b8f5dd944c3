#!/bin/sh
# The init script, an installed tree and the system users: as root, in a private
# mount namespace with an /etc and a /run of its own. Prints TAP.
# shellcheck source=t/private.sh
. t/private.sh
# shellcheck source=t/lib.sh
. t/lib.sh
build=$1 # as it was given: make takes no path with a blank
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
rm -f /etc/imapd /etc/imapd-ssl /etc/pam.d/imap /etc/default/imapd
make -s -o all O="$build" install >"$site/make.out" 2>&1
ok 'make install'
sed -i "s/^PORT=.*/PORT=127.0.0.1.$port/" /etc/imapd
sed -i '/^imapd/d' /etc/passwd /etc/shadow /etc/group

if has systemd-analyze; then
	systemd-analyze verify /usr/local/lib/systemd/system/imapd.service \
		>"$site/out" 2>&1
	rc=$?
	sed 's/^/# /' "$site/out"
	[ $rc -eq 0 ] && ! grep -q 'imapd.service:' "$site/out"
	ok 'systemd finds no fault with the unit'
else
	skip 'systemd finds no fault with the unit' 'no systemd-analyze'
fi
grep -qx OOMPolicy=continue /usr/local/lib/systemd/system/imapd.service
ok 'nor does it stop all when the kernel ends a session for want of memory'
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
chown -R reader: /home/reader
wait_for 2 greets reader secret
ok 'a system user logs in through PAM'
printf 'MAXPERIP=30\nAUTH_RECHECK=1\n' >>/etc/imapd
run 0 reload
ok 'reload'
printf '%s\n' '1+ nologin' '1> a LOGIN reader secret' '1$ a OK' '1> b SELECT INBOX' \
	'1$ b OK' '1> c IDLE' '1< + ...' '1<* * BYE ...administrator...' '1- eof' |
	"$PROGRAMS/t/talk" -p "$port" - >"$site/idle.out" 2>&1 &
idle=$!
sleep 2.5
usermod -e 1 reader
wait $idle
ok 'an account that has expired is found at the re-check, its client is ended'
usermod -e '' reader
cp /etc/imapd "$site/good"
old=$(pid) were=$(workers)
printf 'MAXPERIP=0\nPORT=127.0.0.1.1\n' >>/etc/imapd
run 1 reload && grep -q 'imapd:[0-9]*: MAXPERIP' "$site/out"
ok 'reload with an error: file and line, status 1'
sleep 0.5
[ "$(pid)" = "$old" ] && [ "$(workers)" = "$were" ] &&
	wait_for 5 greets reader secret
ok 'and nothing is changed'
cp "$site/good" /etc/imapd
echo TLS_CERTFILE=/bin/sh >>/etc/imapd
run 1 reload && grep -q 'certificates: ' "$site/out" && [ "$(pid)" = "$old" ]
ok 'reload with a certificate that is none: status 1'
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
# shellcheck disable=SC2086
all_gone 5 $old
ok 'a reload after an upgrade renews the workers'
old=$(pid)
run 0 restart && [ "$(pid)" != "$old" ]
ok 'restart'
old=$(pid) were=$(pgrep -P "$old")
run 0 stop && gone "$old" && [ ! -e /run/imapd.pid ]
ok 'stop waits until the server is gone'
# shellcheck disable=SC2086
all_gone 1 $were
ok 'with all its processes'
run 0 stop
ok 'stop of a stopped server does nothing'
run 0 restart &&
	wait_for 5 greets reader secret
ok 'restart of a stopped server starts it'
old=$(pid)
kill -KILL "$old"
wait_for 5 gone "$old"
run 1 status
ok 'status: dead, with a pid file'
run 0 start && [ "$(pid)" != "$old" ] && wait_for 5 greets reader secret
ok 'a pid file of a dead server is no obstacle to start'
run 0 stop
sleep 60 &
other=$!
echo $other >/run/imapd.pid
run 1 status && run 0 stop && kill -0 $other
ok 'a pid that is another program by now is left alone'
echo $other >/run/imapd.pid
run 0 start && [ "$(pid)" != $other ] && wait_for 5 greets reader secret
ok 'and no obstacle either'
kill $other
run 0 stop
ok 'stop'
run 2 nonsense
ok 'usage'
plan
