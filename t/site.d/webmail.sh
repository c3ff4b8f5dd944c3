#!/bin/sh
# Courier's sqwebmail at work on the Maildir that we serve: sqwebmaild and its CGI
# program (those that etc/setup unpacked into O/neighbours, with the authdaemond
# of O/courier, or the installed ones), called as a web server would call them. In
# a mount namespace with an /etc, /run, /usr/lib and /var/cache of its own. Prints
# TAP.
# shellcheck source=t/private.sh
. t/private.sh
# shellcheck source=t/lib.sh
. t/lib.sh
name="Courier's sqwebmail"
own=$site/own
web=usr/lib/courier/courier/sqwebmaild
mkdir -p "$own/etc/courier" "$own/run/courier/authdaemon" "$own/lib" "$own/bin" \
	"$own/cache/sqwebmail"
chmod 1777 "$own/cache/sqwebmail" # its own is that of a user courier
if [ -x "$1/neighbours/$web" ] && [ -x "$1/courier/usr/sbin/makeuserdb" ]; then
	cp -R "$1/courier/usr/lib/." "$1/neighbours/usr/lib/." "$own/lib"
	cp "$1/courier/usr/sbin/makeuserdb" "$own/bin"
	mount -t overlay overlay -o "lowerdir=$own/lib:/usr/lib" /usr/lib
	why=$?
elif [ -x "/$web" ] && has makeuserdb; then
	why=0
else
	skip "$name" 'not there (etc/setup neighbours DIR, courier DIR unpack it)'
	plan
fi
has perl && has python3 || why=1
if [ $why -ne 0 ] || ! mount --bind "$own/run" /run ||
	! mount --bind "$own/cache" /var/cache ||
	! mount -t overlay overlay -o "lowerdir=$own/etc:/etc" /etc; then
	skip "$name" 'cannot mount an overlay, no perl or no python3'
	plan
fi

running= # groups of Courier's daemons
trap 'stop_all; site_stop; rm -rf "$site"' EXIT
stop_all() {
	for p in $running; do
		kill -TERM "-$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	running=
}
start() { # SOCKET PROGRAM SETTING...: in a process group of its own
	socket=$1 program=$2
	shift 2
	(cd / && exec env "$@" setsid "$program") >>"$site/courier.log" 2>&1 3>&1 &
	running="$running $!"
	wait_for 20 test -S "$socket"
}

site_make
maildir=$site/mail/demo/Maildir
find "$maildir" -mindepth 1 -delete
mkdir "$maildir/cur" "$maildir/new" "$maildir/tmp"
chown --reference="$maildir" "$maildir"/*
mail=$(stat -c 'uid=%u|gid=%g' "$maildir")
crypted=$(openssl passwd -1 pw)
printf 'anna\thome=%s|%s|mail=%s|systempw=%s\n' "$site/mail/demo" "$mail" \
	"$maildir" "$crypted" >"$own/etc/courier/userdb"
chmod 600 "$own/etc/courier/userdb"
printf '%s\n' 'authmodulelist="authuserdb"' 'daemons=2' \
	authdaemonvar=/run/courier/authdaemon >"$own/etc/courier/authdaemonrc"
PATH=$own/bin:$PATH makeuserdb -f "$own/etc/courier/userdb" >"$site/made" 2>&1
start /run/courier/authdaemon/socket \
	/usr/lib/courier/courier-authlib/authdaemond authmodulelist=authuserdb \
	authmodulelistorig=authuserdb daemons=2 \
	authdaemonvar=/run/courier/authdaemon &&
	start /run/courier/sqwebmail.sock "/$web" MAILDIRPATH=Maildir
ok 'authdaemond and sqwebmaild start'
site_run
clients python3 t/site.d/webmail.py "$port" "$maildir"
stop_all
[ $bad -eq 0 ] || sed 's/^/# courier: /' "$site/courier.log" | tail -n 30
plan
