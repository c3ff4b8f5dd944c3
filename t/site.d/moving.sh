#!/bin/sh
# Moving in and out: accounts that Courier-IMAP 5.0.13 and Dovecot 2.3 made are
# taken over and handed to Courier, with mbsync and offlineimap as the clients
# that must not notice; names converted, a Maildir restored, kill -9. Courier's
# and Dovecot's programs are those that etc/setup unpacked into O/courier and
# O/dovecot, or the installed packages'. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
name="moving in and out"
for program in python3 mbsync offlineimap; do
	has $program && continue
	skip "$name" "no $program"
	plan
done
# As root all run as nobody, who may not reach what we were built in.
cp "$PROGRAMS/imapd" "$site/ours"
cp "$PROGRAMS/imapctl" "$site/imapctl"
unpack courier usr/bin/imapd usr/lib /usr/bin/imapd
unpack dovecot usr/lib/dovecot/imap usr/lib/dovecot /usr/lib/dovecot/imap
version=$([ -x "$site/courier" ] && LD_LIBRARY_PATH=$site/courier.lib \
	"$site/courier" --version 2>&1)
case $version in
*'Courier-IMAP 5.'*) ;;
*)
	skip "$name" 'no Courier-IMAP 5 (etc/setup courier DIR unpacks it)'
	plan
	;;
esac
python3 t/site.d/moving.py "$site" "$site/courier.lib"
