#!/bin/sh
# make install and uninstall: what is put where and with which mode, that an
# edited setting stays, that what was installed is taken away. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
build=$1 # as it was given: make takes no path with a blank
d=$site/root
run_make() { # TARGET [NAME=VALUE ...]
	# -o all: what is built is installed, nothing is built; WHERE: nor is it
	# to be built anew by the next make, whatever folders are named here.
	make -o all O="$build" WHERE="$(cat "$PROGRAMS/where")" "$@" \
		DESTDIR="$d" >"$site/make.out" 2>&1 </dev/null
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/make.out"
	return $rc
}
listing() { # every file and its mode, folders left out
	(cd "$d" && find . ! -type d -printf '%m %U:%G %p\n' | sort -k 3)
}

(umask 077 && run_make install)
ok 'make install'
me=$(id -u):$(id -g)
sed "s/ / $me /" >"$site/want" <<'T'
644 ./etc/imapd
644 ./etc/imapd-ssl
755 ./etc/init.d/imapd
644 ./etc/pam.d/imap
755 ./usr/local/bin/imapd
755 ./usr/local/bin/imapd-deliver
644 ./usr/local/lib/systemd/system/imapd.service
644 ./usr/local/lib/sysusers.d/imapd.conf
755 ./usr/local/libexec/imapd/imapd
755 ./usr/local/libexec/imapd/imapd-auth
755 ./usr/local/libexec/imapd/imapd-worker
755 ./usr/local/sbin/imapctl
755 ./usr/local/sbin/imapd-master
644 ./usr/local/share/doc/imapd/MIGRATING.md
644 ./usr/local/share/man/man5/imapd.5
644 ./usr/local/share/man/man5/userdb.5
644 ./usr/local/share/man/man8/imapctl.8
644 ./usr/local/share/man/man8/imapd-deliver.8
644 ./usr/local/share/man/man8/imapd-master.8
644 ./usr/local/share/man/man8/imapd.8
T
listing >"$site/is"
diff "$site/want" "$site/is" >"$site/diff" || sed 's/^/# /' "$site/diff"
[ ! -s "$site/diff" ]
ok 'each file is in its place with its mode, and no other file'
[ -z "$(find "$d" -mindepth 1 -type d ! -perm 755)" ]
ok 'folders can be read by all, whatever the umask'
grep -q 'adduser .* imapd$' "$site/make.out" &&
	grep -q 'adduser .* imapd-auth$' "$site/make.out"
ok 'it says how to make the users'
! grep -rlI -e "$d" -e "$PROGRAMS" "$d"
ok 'no text names DESTDIR or the build folder'

echo 'MAXPERIP=7' >>"$d/etc/imapd"
echo 'IMAPDSSLSTART=NO' >>"$d/etc/imapd-ssl"
echo '# mine' >>"$d/etc/pam.d/imap"
chmod 600 "$d/etc/imapd"
echo old >"$d/usr/local/sbin/imapd-master"
echo old >"$d/etc/init.d/imapd"
run_make install
ok 'make install again'
grep -q '^MAXPERIP=7$' "$d/etc/imapd" &&
	[ "$(stat -c %a "$d/etc/imapd")" = 600 ] &&
	grep -q '^IMAPDSSLSTART=NO$' "$d/etc/imapd-ssl" &&
	grep -q '^# mine$' "$d/etc/pam.d/imap"
ok 'the settings that were edited are as they were'
cmp -s "$PROGRAMS/imapd-master" "$d/usr/local/sbin/imapd-master" &&
	cmp -s etc/imapd.init "$d/etc/init.d/imapd"
ok 'programs and the init script are new'
chmod 644 "$d/etc/imapd"
"$d/usr/local/sbin/imapd-master" -v >/dev/null &&
	[ "$("$d/usr/local/bin/imapd" --version)" = \
		"$("$PROGRAMS/imapd" --version)" ]
ok 'the installed programs run'

cp -R "$d/etc" "$site/etc"
touch "$d/usr/local/bin/other" "$d/etc/other"
run_make uninstall
ok 'make uninstall'
listing >"$site/is"
sed "s/ / $me /" >"$site/want" <<'T'
644 ./etc/imapd
644 ./etc/imapd-ssl
644 ./etc/other
644 ./etc/pam.d/imap
644 ./usr/local/bin/other
T
diff "$site/want" "$site/is" >"$site/diff" || sed 's/^/# /' "$site/diff"
[ ! -s "$site/diff" ] && [ ! -d "$d/usr/local/libexec/imapd" ]
ok 'it takes away what was installed and nothing else; settings stay'
cmp -s "$site/etc/imapd" "$d/etc/imapd" &&
	cmp -s "$site/etc/imapd-ssl" "$d/etc/imapd-ssl" &&
	cmp -s "$site/etc/pam.d/imap" "$d/etc/pam.d/imap"
ok 'the settings are untouched'

run_make install prefix=/opt/cork sysconfdir=/opt/cork/etc
ok 'make install with another prefix'
[ -x "$d/opt/cork/sbin/imapd-master" ] && [ -f "$d/opt/cork/etc/imapd" ] &&
	[ -f "$d/opt/cork/etc/pam.d/imap" ] &&
	[ -z "$(find "$d/usr/local" -name 'imapd*' ! -type d)" ]
ok 'all of it is there'
init=$d/opt/cork/etc/init.d/imapd
unit=$d/opt/cork/lib/systemd/system/imapd.service
! grep -e 'DAEMON=/usr/local' -e CONFIG=/etc "$init" &&
	grep -q '^DAEMON=/opt/cork/sbin/imapd-master' "$init" &&
	grep -q '^CONFIG=/opt/cork/etc/imapd$' "$init"
ok 'the init script has its folders'
! grep -e /usr/local -e '=/etc/imapd' "$unit" &&
	grep -q '^ExecStart=/opt/cork/sbin/imapd-master -f [$]{CONFIG}$' "$unit" &&
	grep -q '^Environment=CONFIG=/opt/cork/etc/imapd$' "$unit"
ok 'so has the unit'
plan
