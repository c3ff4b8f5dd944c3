#!/bin/sh
# Accounts that are let in or not, and what is done at the door: loginexec,
# the sticky home, the Maildir of somebody else, the log of deletions.
# shellcheck source=t/lib.sh
. t/lib.sh

site_start IMAP_LOG_DELETIONS=1 IMAP_MOVE_EXPUNGE_TO_TRASH=1 \
	IMAP_EMPTYTRASH=Old:1 IMAP_LINGER=0 || exit 1
home=$site/mail/demo
box=$home/Maildir
talk() { # the script is standard input
	if ! "$PROGRAMS/t/talk" -p "$port" - >"$site/said" 2>&1; then
		sed 's/^/# /' "$site/said"
		return 1
	fi
}
gives() { # as the owner of the account's folder
	chown --reference="$home" "$@" 2>/dev/null || :
}
says_bye() { # PATTERN: what login gets
	printf '1+ nologin\n1< * OK ...\n1> a LOGIN demo demo\n1< * BYE %s\n1- eof\n' \
		"$1" | talk
}

# The log of deletions, as Courier writes it
rm -rf "$box/.Trash" "$box/.Box"
printf 'Subject: x\n\nx\n' >"$site/message"
printf '1+\n1> c CREATE INBOX.Box\n1$ c OK\n1- \n' | talk
for f in 1.x 2.x; do
	cp "$site/message" "$box/.Box/cur/$f:2,ST"
	gives "$box/.Box/cur/$f:2,ST"
done
talk <<-'END'
	1+
	1> s SELECT INBOX.Box
	1$ s OK
	1> c COPY 2 INBOX
	1$ c OK
	1> e EXPUNGE
	1$ e OK
	1> l LOGOUT
	1$ l OK
	1- eof
END
ok 'a session that expunges'
from='EXPUNGED, user=demo, ip=\[::ffff:127.0.0.1\], port=\[[0-9]*\]'
wait_for 5 logged "$from, old_name=./.Box/cur/1.x:2,ST, new_name=.Trash/cur/[^ ,]*,S=14:2,S: only new_name will be left\$"
ok 'what goes to the trash is logged with its new name'
logged "$from, old_name=./.Box/cur/1.x:2,ST\$"
ok '... and with the old one'
logged "$from, old_name=./.Box/cur/2.x:2,ST\$" &&
	! logged "old_name=./.Box/cur/2.x:2,ST, new_name"
ok 'what was copied before is removed'

# loginexec: by the owner, before the OK, once
printf '#!/bin/sh\nid -u >ran\ntest -d cur\n' >"$box/loginexec"
chmod 700 "$box/loginexec"
gives "$box/loginexec"
greets demo demo >/dev/null
ok 'a login with a loginexec'
[ "$(cat "$box/ran")" = "$(stat -c %u "$home")" ]
ok 'it ran as the owner, in the Maildir'
[ ! -e "$box/loginexec" ]
ok 'it is gone after success'
rm -f "$box/ran"

# The sticky bit on the home
chmod +t "$home"
says_bye 'Your account is temporarily unavailable (+t bit set on home directory).'
ok 'a sticky home locks the account'
wait_for 5 logged 'LOCKED, user=demo, ip=\[::ffff:127.0.0.1\], port=\[[0-9]*\]$'
ok 'it is logged'
chmod -t "$home"
greets demo demo >/dev/null
ok 'without it the account is open again'

# The client's own name
printf '1+\n1> i ID ("name" "Thunderbird" "version" "128.1")\n1$ i OK\n' | talk
wait_for 5 logged 'ID, user=demo, ip=\[::ffff:127.0.0.1\], port=\[[0-9]*\], name=Thunderbird, version=128.1$'
ok 'ID after login is logged with the user'

# The Maildir of somebody else
if [ "$(id -u)" -eq 0 ]; then
	was=$(stat -c %u:%g "$box")
	chmod 777 "$box"
	chown "${was%:*}:12345" "$box"
	says_bye '[ALERT] Fatal error: Account'"'"'s mailbox directory is not owned by the correct uid or gid: ...'
	ok 'a Maildir of another group is refused'
	chown "$was" "$box"
	greets demo demo >/dev/null
	ok 'one of our own is not'
else
	skip 'a Maildir of another group is refused' 'not root'
fi
plan
