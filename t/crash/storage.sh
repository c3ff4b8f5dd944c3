#!/bin/sh
# A Maildir on disks that are full, without inodes, read-only, in two parts, or
# that forbid something: what is there is served and nothing is lost (RELIABILITY
# D1 to D3, D6, D22, D24, D27).
# shellcheck source=t/private.sh
. "$(dirname "$0")/../private.sh"
# shellcheck source=t/crash/common
. "$(dirname "$0")/common"

disk=$tmp/disk
mkdir "$disk" || exit 1
trap 'umount "$disk/.Dest" 2>/dev/null; umount "$disk" 2>/dev/null
	chmod -R u+rwx "$tmp"; rm -rf "$tmp"' EXIT
as=
export IMAP_USELOCKS=1

# OPTIONS: the fixture on a small disk of its own
on_disk() {
	umount "$disk" 2>/dev/null
	mount -t tmpfs -o "$1" none "$disk" && cp -a "$base/." "$disk/"
}
# a session of the commands on standard input; answers to $tmp/said
session() {
	# shellcheck disable=SC2086
	$as timeout 60 "$o/imapd" "$disk" >"$tmp/said" 2>/dev/null
	[ $# -eq 0 ] || cp "$tmp/said" "$1"
}
# TAG WORD...: the tagged answer begins so, else a complaint
says() {
	tag=$1
	shift
	grep -q "^$tag $*" "$tmp/said" ||
		echo "not $*: $(grep "^$tag " "$tmp/said" || tail -n 1 "$tmp/said")"
}
message() { # TAG FOLDER SIZE: an APPEND
	printf '%s APPEND %s {%d+}\r\nSubject: large\r\n\r\n' "$1" "$2" \
		$((18 + $3))
	head -c "$3" /dev/zero | tr '\0' x
	printf '\r\n'
}
uids() { # UIDVALIDITY and UIDs of the INBOX, with the first line's number
	printf 'a EXAMINE INBOX\r\nb UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (X-Crash)])\r\nc LOGOUT\r\n' |
		$as "$o/imapd" "$disk" 2>/dev/null |
		grep -oE 'UIDVALIDITY [0-9]+|UID [0-9]+|X-Crash: [0-9]+'
}
litter() { # files in tmp that nobody will have
	find "$disk" -path '*/tmp/*' -type f
}

# D1, D2, D3: no room
for kind in blocks inodes; do
	: >"$tmp/bad"
	if [ $kind = blocks ]; then
		on_disk size=2m
	else
		on_disk size=8m,nr_inodes=400
	fi || echo 'cannot mount' >>"$tmp/bad"
	uids >"$tmp/before"
	printf 'X-Crash: 500\n\n' >"$disk/new/1700009999.M1P1.late"
	# A full disk costs the index, whose room would then be free again.
	rm -rf "$disk/corkboard/index"
	if [ $kind = blocks ]; then
		cat /dev/zero >"$disk/fill" 2>/dev/null
	else
		i=0
		while touch "$disk/fill.$i" 2>/dev/null; do i=$((i + 1)); done
	fi
	{
		printf 'a SELECT INBOX\r\nb UID FETCH 1:20 (FLAGS BODY.PEEK[])\r\n'
		printf 'c UID STORE 3 +FLAGS (\\Flagged)\r\n'
		message d INBOX 200000
		printf 'e CREATE INBOX.Fresh\r\nf SUBSCRIBE INBOX.Fresh\r\n'
		printf 'g UID STORE 5 +FLAGS (\\Deleted)\r\nh EXPUNGE\r\n'
		printf 'i UID FETCH 1:* FLAGS\r\nz LOGOUT\r\n'
	} | session "$tmp/full"
	for tag in a b c g h i z; do
		says $tag OK >>"$tmp/bad"
	done
	for tag in d e f; do
		says $tag NO >>"$tmp/bad"
	done
	litter >>"$tmp/bad"
	rm -f "$disk"/fill*
	uids >"$tmp/after"
	# without UID 5; the late one comes behind
	awk '/^UID / { u = $0; next }
	/^X-Crash/ { if (u != "UID 5") print u; print; next }
	{ print }' "$tmp/before" | grep -v '^X-Crash: 5$' >"$tmp/want"
	grep -v -e '^X-Crash: 500$' -e '^UID 2[1-9]$' "$tmp/after" |
		diff "$tmp/want" - >>"$tmp/bad"
	grep -q '^X-Crash: 500$' "$tmp/after" ||
		echo 'the late message is not there' >>"$tmp/bad"
	ok "no $kind: reading, flags and EXPUNGE work, the rest is refused, UIDs stay" \
		"$tmp/bad"
done

# D6: a read-only file system
: >"$tmp/bad"
on_disk size=8m
uids >"$tmp/before"
mount -o remount,ro "$disk"
printf 'a SELECT INBOX\r\nb FETCH 1 BODY[]\r\nc STORE 1 +FLAGS (\\Flagged)\r\nd EXPUNGE\r\ne APPEND INBOX {1+}\r\nx\r\nz LOGOUT\r\n' |
	session
{
	says a 'OK \[READ-ONLY\]'
	says b OK
	says c NO
	says e NO
	says z OK
} >>"$tmp/bad"
uids | diff "$tmp/before" - >>"$tmp/bad"
ok 'a read-only disk is read' "$tmp/bad"
mount -o remount,rw "$disk"

# D24: EXAMINE changes nothing
tree() {
	(cd "$disk" && find . -path ./corkboard -prune -o -type f \
		-printf '%p %s %T@ %m\n' | sort && find . -path ./corkboard -prune \
		-o -type f -exec cat {} + | cksum)
}
tree >"$tmp/before"
for folder in INBOX INBOX.Dest INBOX.Old.kid INBOX.Edge INBOX.Courier; do
	printf 'a EXAMINE %s\r\nb FETCH 1:* (FLAGS BODY[] ENVELOPE BODYSTRUCTURE)\r\nz LOGOUT\r\n' \
		$folder | session
	says b OK
done >"$tmp/bad"
tree | diff "$tmp/before" - >>"$tmp/bad"
ok 'EXAMINE and FETCH of all leave the tree as it was' "$tmp/bad"

# D27: a folder on another disk
: >"$tmp/bad"
on_disk size=8m
cp -a "$disk/.Dest" "$tmp/dest"
mount -t tmpfs -o size=8m none "$disk/.Dest"
cp -a "$tmp/dest/." "$disk/.Dest/"
printf 'a SELECT INBOX\r\nb UID COPY 3,5 INBOX.Dest\r\nc UID MOVE 20 INBOX.Dest\r\nd SELECT INBOX.Dest\r\ne UID FETCH 1:* BODY.PEEK[]\r\nz LOGOUT\r\n' |
	session
{
	says b 'OK \[COPYUID'
	says c OK
} >>"$tmp/bad"
for id in 3 5 20; do
	[ "$(grep -c "^X-Crash: $id.$" "$tmp/said")" = 1 ] &&
		grep -q "^end of $id.$" "$tmp/said" ||
		echo "message $id is not in the copy" >>"$tmp/bad"
done
litter >>"$tmp/bad"
umount "$disk/.Dest"
ok 'COPY and MOVE to another disk are of bytes' "$tmp/bad"

# D6, D22: what the owner may not do
: >"$tmp/bad"
on_disk size=8m
chown -R 65534:65534 "$disk"
chmod 711 "$tmp"
cp "$o/imapd" "$tmp/imapd"
chmod 755 "$tmp/imapd"
o=$tmp
as='setpriv --reuid 65534 --regid 65534 --clear-groups'
set -- "$(grep -l "^X-Crash: 20$" "$disk"/cur/*)"
chmod 000 "$1"
uids >"$tmp/before"
printf 'a SELECT INBOX\r\nb UID FETCH 20 BODY[]\r\nc UID FETCH 3 BODY[]\r\nd UID FETCH 1:* FLAGS\r\nz LOGOUT\r\n' |
	session
{
	says b NO
	says c OK
	says d OK
} >>"$tmp/bad"
grep -q '^\* 20 EXISTS' "$tmp/said" || echo 'not 20 messages' >>"$tmp/bad"
chmod 600 "$1"
chmod 000 "$disk/cur"
printf 'a SELECT INBOX\r\nz LOGOUT\r\n' | session
says a NO >>"$tmp/bad"
chmod 500 "$disk/cur" "$disk/new" "$disk"
printf 'a SELECT INBOX\r\nb UID FETCH 3 BODY.PEEK[]\r\nc UID STORE 3 +FLAGS (\\Flagged)\r\nz LOGOUT\r\n' |
	session
{
	says b OK
	says c NO
} >>"$tmp/bad"
chmod 700 "$disk" "$disk/cur" "$disk/new"
ok 'a message, cur/, or all of it may not be read or written: told so' \
	"$tmp/bad"

: >"$tmp/bad"
disk=$tmp/none
printf 'a SELECT INBOX\r\nz LOGOUT\r\n' | session
grep -qE '^(\* BYE|a NO)' "$tmp/said" || cat "$tmp/said" >>"$tmp/bad"
[ ! -e "$disk" ] || echo 'it was made' >>"$tmp/bad"
mkdir "$disk"
chown 65534 "$disk"
printf 'a SELECT INBOX\r\nz LOGOUT\r\n' | session
grep -qE '^(\* BYE|a NO)' "$tmp/said" || cat "$tmp/said" >>"$tmp/bad"
find "$disk" -mindepth 1 >>"$tmp/bad"
ok 'no Maildir, an empty mount point: refused, and none is made' "$tmp/bad"
disk=$tmp/disk
plan
