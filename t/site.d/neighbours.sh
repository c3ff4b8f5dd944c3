#!/bin/sh
# Programs that work on a Maildir beside our server: Courier's pop3d, maildrop,
# procmail, the files of sqwebmail, and a backup by rsync while a session is
# busy. The programs are those that etc/setup unpacked into O/neighbours and
# O/courier, or the installed packages'. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'other programs on one Maildir' 'no python3'
	plan
fi
# As root all run as nobody, who may not reach what we were built in.
cp "$PROGRAMS/imapd" "$site/ours"
mkdir "$site/lib"
for lib in "$1"/courier/usr/lib/*.so* "$1"/neighbours/usr/lib/*/*.so* \
	"$1"/neighbours/lib/*/*.so*; do
	[ ! -e "$lib" ] || cp -P "$lib" "$site/lib"
done
for p in usr/lib/courier/courier/courierpop3d usr/bin/maildrop \
	usr/bin/procmail usr/bin/rsync; do
	for from in "$1/neighbours/$p" "/$p"; do
		if [ -x "$from" ] && [ ! -e "$site/${p##*/}" ]; then
			cp "$from" "$site" # without set-uid and set-gid
		fi
	done
done
python3 t/site.d/neighbours.py "$site" "$site/lib"
