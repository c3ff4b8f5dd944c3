# shellcheck shell=sh
# Sourced first of all by tests that need root and a private mount namespace:
# starts the test anew in one, or says SKIP for all of it. What is mounted in it
# nobody else sees, and it is gone with the test.
if [ -z "${IN_PRIVATE:-}" ]; then
	why=
	[ "$(id -u)" = 0 ] || why='needs root'
	[ -n "$why" ] || unshare -m --propagation private true 2>/dev/null ||
		why='cannot make a mount namespace'
	if [ -n "$why" ]; then
		echo "ok 1 - ${0##*/} # SKIP $why"
		echo 1..1
		exit 0
	fi
	IN_PRIVATE=1 exec unshare -m --propagation private "$0" "$@"
fi
