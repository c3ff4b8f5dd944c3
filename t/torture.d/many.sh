#!/bin/sh
# Much of one thing: 500 deliveries a second beneath clients, 100,000 files in tmp,
# a folder of 200 children renamed and killed, a message with as many links as the
# disk allows (many.py; RELIABILITY D23, D25, D26, D27). STORM_SECONDS (60).
# shellcheck source=t/private.sh
. "$(dirname "$0")/../private.sh"
# shellcheck source=t/crash/common
. "$(dirname "$0")/../crash/common"

if ! command -v python3 >/dev/null 2>&1; then
	echo 'ok 1 - much of one thing # SKIP no python3'
	echo 1..1
	exit 0
fi
trap 'umount "$tmp/disk" 2>/dev/null; rm -rf "$tmp"' EXIT
# links are counted by ext4
mkdir "$tmp/disk"
truncate -s 256M "$tmp/image"
if mkfs.ext4 -q -F "$tmp/image" >/dev/null 2>&1 &&
	mount -o loop "$tmp/image" "$tmp/disk"; then
	ext4=$tmp/disk
else
	ext4=
fi
python3 "$(dirname "$0")/many.py" "$o" "$tmp" "$ext4"
