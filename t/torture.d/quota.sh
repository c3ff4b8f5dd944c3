#!/bin/sh
# A Maildir in a file system with quotas (btrfs, a subvolume with a limit) that are
# used up: what is there is served, APPEND, CREATE and SUBSCRIBE are refused, no UID
# changes, and with room again all is as before (RELIABILITY D3). Prints TAP.
# shellcheck source=t/private.sh
. "$(dirname "$0")/../private.sh"
# shellcheck source=t/crash/common
. "$(dirname "$0")/../crash/common"
name='a quota that is used up'
disk=$tmp/disk mail=$tmp/disk/mail
mkdir "$disk" || exit 1
trap 'umount "$disk" 2>/dev/null; rm -rf "$tmp"' EXIT
if ! command -v mkfs.btrfs >/dev/null 2>&1; then
	echo "ok 1 - $name # SKIP no mkfs.btrfs (etc/setup torture)"
	echo 1..1
	exit 0
fi
if ! { truncate -s 160M "$tmp/image" && mkfs.btrfs -q "$tmp/image" &&
	mount -o loop "$tmp/image" "$disk" &&
	btrfs subvolume create "$mail" && btrfs quota enable "$disk"; } \
	>"$tmp/out" 2>&1; then
	echo "ok 1 - $name # SKIP this machine has no btrfs with quotas"
	echo 1..1
	exit 0
fi
export IMAP_USELOCKS=1
session() { # commands on standard input; answers to $tmp/said
	timeout 60 "$o/imapd" "$mail" >"$tmp/said" 2>/dev/null
}
says() { # TAG PATTERN
	grep -q "^$1 $2" "$tmp/said" ||
		echo "not $2: $(grep "^$1 " "$tmp/said" || tail -n 1 "$tmp/said")"
}
message() { # TAG SIZE: an APPEND
	printf '%s APPEND INBOX {%d+}\r\nSubject: large\r\n\r\n' "$1" $((18 + $2))
	head -c "$2" /dev/zero | tr '\0' x
	printf '\r\n'
}
uids() { # UIDVALIDITY, UIDs, and which message each is
	printf 'a EXAMINE INBOX\r\nb UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (X-Crash)])\r\nc LOGOUT\r\n' |
		"$o/imapd" "$mail" 2>/dev/null |
		grep -oE 'UIDVALIDITY [0-9]+|UID [0-9]+|X-Crash: [0-9]+'
}
cp -a "$base/." "$mail/"
: >"$tmp/bad"
uids >"$tmp/before"
sync -f "$disk"
btrfs qgroup limit 3M "$mail" >>"$tmp/out" 2>&1
i=0
for size in 64k 4k; do # what does not compress, to the last block
	while dd if=/dev/urandom of="$mail/fill.$i" bs=$size count=1 conv=fsync \
		>/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 2000 ] || break
	done
done
[ $i -lt 2000 ] || echo 'the quota does not count' >>"$tmp/bad"
{
	printf 'a SELECT INBOX\r\nb UID FETCH 1:20 (FLAGS BODY.PEEK[])\r\n'
	message d 200000
	printf 'e CREATE INBOX.Fresh\r\nf SUBSCRIBE INBOX.Fresh\r\n'
	printf 'i UID FETCH 1:* FLAGS\r\nz LOGOUT\r\n'
} | session
for tag in a b i z; do
	says $tag OK >>"$tmp/bad"
done
says d 'NO \[OVERQUOTA\]' >>"$tmp/bad"
for tag in e f; do
	says $tag NO >>"$tmp/bad"
done
find "$mail" -path '*/tmp/*' -type f >>"$tmp/bad"
uids | diff "$tmp/before" - >>"$tmp/bad"
ok "$name: reading works, APPEND is NO [OVERQUOTA], the rest is refused, UIDs stay" \
	"$tmp/bad"

: >"$tmp/bad"
rm -f "$mail"/fill.* && sync -f "$disk"
{
	printf 'a SELECT INBOX\r\nc UID STORE 3 +FLAGS (\\Flagged)\r\n'
	message d 2000
	printf 'e CREATE INBOX.Fresh\r\nz LOGOUT\r\n'
} | session
for tag in a c d e z; do
	says $tag OK >>"$tmp/bad"
done
uids | head -n "$(wc -l <"$tmp/before")" | diff "$tmp/before" - >>"$tmp/bad"
ok 'with room again all is as before' "$tmp/bad"
plan
