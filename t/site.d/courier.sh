#!/bin/sh
# One Maildir under Courier-IMAP 5.0.13 and us: what one leaves behind the other
# serves unchanged, one after the other and both at once. Courier's program is
# the one that etc/setup unpacked into O/courier, or the installed package's.
# Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
unpacked=$1/courier
name="one Maildir under Courier and us"
if ! has python3; then
	skip "$name" 'no python3'
	plan
fi
# As root both run as nobody, who may not reach what we were built in.
cp "$PROGRAMS/imapd" "$site/ours"
libraries=
if [ -x "$unpacked/usr/bin/imapd" ]; then
	cp "$unpacked/usr/bin/imapd" "$site/courier"
	cp -R "$unpacked/usr/lib" "$site/lib"
	libraries=$site/lib
elif [ -x /usr/bin/imapd ]; then
	cp /usr/bin/imapd "$site/courier"
fi
version=$([ -x "$site/courier" ] && LD_LIBRARY_PATH=$libraries \
	"$site/courier" --version 2>&1)
case $version in
*'Courier-IMAP 5.'*) ;;
*)
	skip "$name" 'no Courier-IMAP 5 (etc/setup courier DIR unpacks it)'
	plan
	;;
esac
python3 t/site.d/courier_both.py "$site" "$libraries"
