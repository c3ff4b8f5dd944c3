#!/bin/sh
# The settings that Debian's courier-imap ships, as they are: the commands of
# etc/MIGRATING.md beside Courier, on the day of the switch, with its userdb, and
# when its package is purged. In a mount namespace with an /etc, /run, /home and
# /usr/local of its own. The files are those that etc/setup unpacked into
# O/courier, or the installed ones. Prints TAP.
# shellcheck source=t/private.sh
. t/private.sh
# shellcheck source=t/lib.sh
. t/lib.sh
build=$1 # as it was given: make takes no path with a blank
name="Debian's own settings of Courier"
stock=$1/courier/etc
[ -e "$stock/courier/imapd" ] || stock=/etc
if [ ! -e "$stock/courier/imapd" ]; then
	skip "$name" 'not there (etc/setup courier DIR unpacks them)'
	plan
fi
port=$(free_port 1) sslport=$(free_port 2)
cp -a /etc "$site/etc"
mkdir -p "$site/stock"
cp -R "$stock/courier" "$stock/pam.d" "$site/stock"
mount --bind "$site/etc" /etc && mount -t tmpfs none /run &&
	mount -t tmpfs none /usr/local && mount -t tmpfs none /home || exit 1
rm -rf /etc/imapd /etc/imapd-ssl /etc/pam.d/imap /etc/default/imapd /etc/courier
cp -R "$site/stock/courier" /etc
cp "$site/stock/pam.d/imap" /etc/pam.d/imap
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	-subj /CN=x -out "$site/crt" -keyout "$site/key" 2>/dev/null
cat "$site/crt" "$site/key" >/etc/courier/imapd.pem
chmod 640 /etc/courier/imapd.pem
make -s -o all O="$build" WHERE="$(cat "$PROGRAMS/where")" install \
	>"$site/make.out" 2>&1
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
sed -i '/^imapd/d' /etc/passwd /etc/shadow /etc/group
for user in imapd imapd-auth; do
	useradd -r -M -U $user
done
useradd -m -K UID_MIN=2000 -p "$(openssl passwd -6 secret)" anna
for sub in cur new tmp; do
	mkdir -p /home/anna/Maildir/$sub
done
chown -R anna: /home/anna
# The commands of a block of the page, from the line that begins so to the one
# that begins so, with our ports.
commands() { # FROM TO
	sed -n "/^    $1/,/^    $2/s/^    //p" etc/MIGRATING.md |
		sed "s/1143/127.0.0.1.$port/;s/1993/127.0.0.1.$sslport/"
}
say_so() { # runs what stands on standard input; its words in $site/out
	sh -e >"$site/out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/out"
	return $rc
}
lets_in() { greets "$@" >/dev/null; }
ours() { cat /run/courier/imapd.pid; }

commands 'mkdir .etc.imapd-trial' 'imapd-master -t' | say_so
ok "$name: -t finds no error"
sed -n 's/^warning: \([^ ]*:[0-9]*: \)\{0,1\}\([A-Z_]*\)=.*/\2/p' "$site/out" |
	sort >"$site/told"
printf '%s\n' IMAP_ENHANCEDIDLE MAXDAEMONS | cmp -s - "$site/told"
ok 'and warns of two'
sed 's/^/# /' "$site/told"
mkdir /run/courier
echo $$ >/run/courier/imapd-ssl.pid # Courier's own
imapd-master -f /etc/imapd-trial/imapd 2>"$site/err" && lets_in anna secret
ok 'beside Courier: it starts, a system user logs in'
trial=$(cat /run/imapd-trial.pid)
sed -n 's/^    \(kill ".*\)/\1/p' etc/MIGRATING.md | say_so && wait_for 10 gone "$trial" &&
	[ "$(cat /run/courier/imapd-ssl.pid)" = $$ ] &&
	[ ! -e /run/imapd-trial.pid ]
ok "the trial ends; Courier's pid files are as they were"

# The day of the switch, after a boot
rm -r /run/courier
echo "PORT=127.0.0.1.$port" >>/etc/courier/imapd
echo "SSLPORT=127.0.0.1.$sslport" >>/etc/courier/imapd-ssl
commands 'echo CONFIG=' 'imapd-master -t -f .etc.courier' | say_so &&
	lets_in anna secret && [ "$(cat /run/courier/imapd-ssl.pid)" = "$(ours)" ]
ok 'the switch: the init script starts it on Courier'"'"'s files'
/etc/init.d/imapd status >"$site/out" 2>&1
ok 'status'

# Courier's userdb
printf 'bert\thome=/home/bert|uid=2500|gid=2500|systempw=%s\n' \
	"$(openssl passwd -1 pw)" >/etc/courier/userdb
chmod 600 /etc/courier/userdb
for sub in cur new tmp; do
	mkdir -p /home/bert/Maildir/$sub
done
chown -R 2500:2500 /home/bert
sed -n "s/^      \(echo .*AUTHMODULES=\"auth\)/\1/p;s/^      \(echo USERDB=\)/\1/p" \
	etc/MIGRATING.md | say_so
/etc/init.d/imapd reload >"$site/out" 2>&1 && wait_for 5 lets_in bert pw &&
	lets_in anna secret
ok 'with the lines for userdb its accounts log in, and those of PAM'

# What a purge of courier-imap takes along
commands 'cp -p .etc.courier.imapd .etc.imapd' '.etc.init.d.imapd start' | say_so
ok 'settings of our own'
cp -p /etc/courier/userdb /etc/userdb
sed -i 's|^USERDB=.*|USERDB=/etc/userdb|' /etc/imapd
rm -r /etc/courier /etc/pam.d/imap
/etc/init.d/imapd restart >"$site/out" 2>&1 && wait_for 5 lets_in anna secret &&
	lets_in bert pw
ok "without Courier's files it serves on"
/etc/init.d/imapd stop >"$site/out" 2>&1
ok 'stop'
plan
