#!/bin/sh
# For imap-check: the one password that is right, from the one place.
read -r password || [ -n "$password" ] || exit 1
[ "$password" = secret ] && [ "$PAM_RHOST" = 192.0.2.1 ] && [ "$PAM_TTY" = imap ]
