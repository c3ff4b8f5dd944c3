#!/bin/sh
# Power cuts on real file systems: ext4, xfs and btrfs in images of their own. An
# operation is killed before one of its calls, or ends with its OK, and that very
# moment nothing more reaches the disk: ext4 and xfs are shut down without their
# journal (ioctl), of btrfs the image is copied. Then it is mounted again, and the
# judge compares (crash/judge.c). MOVE once more with another session at work in the
# source, which on btrfs takes the unlink to the disk (RELIABILITY D13). STEP=n: at
# every n-th call.
# shellcheck source=t/private.sh
. "$(dirname "$0")/../private.sh"
# shellcheck source=t/crash/common
. "$(dirname "$0")/../crash/common"

step=${STEP:-2}
disk=$tmp/disk
mkdir "$disk" || exit 1
trap 'umount "$disk" 2>/dev/null; rm -rf "$tmp"' EXIT

# TYPE: an empty image of it in $image
format() {
	image=$tmp/$1.img
	case $1 in
	ext4) truncate -s 64M "$image" && mkfs.ext4 -q -F "$image" ;;
	xfs) truncate -s 320M "$image" && mkfs.xfs -q -f "$image" ;;
	btrfs) truncate -s 160M "$image" && mkfs.btrfs -q "$image" ;;
	esac >/dev/null 2>&1 && mount -o loop "$image" "$disk"
}
# The power goes. $image is what the disk has then, mounted again at $disk
cut_power() {
	if [ "$1" = btrfs ]; then
		cp --sparse=always "$image" "$image.cut"
		umount "$disk"
		mv "$image.cut" "$image"
	else
		"$driver" halt "$disk" 2 && umount "$disk"
	fi && mount -o loop "$image" "$disk"
}
# TYPE OP N: N 0 is no kill. Prints what is wrong; false: N is beyond the last
try() {
	rm -rf "$disk/site"
	cp -a "$base" "$disk/site"
	# known messages are durable in the fixture's world
	sync -f "$disk"
	fault="0 $3 1000" # SHIM_CHANGE, SHIM_KILL
	[ "$3" -gt 0 ] || fault='5 0 0'
	LD_PRELOAD=$driver.shim.so SHIM_START=READY SHIM_END=OK \
		SHIM_FAULT=$fault \
		"$driver" "$2" "$disk/site" >"$tmp/said" 2>/dev/null
	rc=$?
	# What another session that appends to the source does in that moment.
	[ -z "$other" ] || sync "$disk/site/cur" "$disk/site/new"
	cut_power "$1" >"$tmp/out" 2>&1 || {
		echo "$2 at $3: the disk is not there again"
		cat "$tmp/out"
		return 1
	}
	"$driver" judge "$2" "$base" "$disk/site" "$tmp/said" power \
		>"$tmp/out" 2>&1 || {
		echo "$2, killed at call $3: $(tr '\n' ' ' <"$tmp/said")"
		cat "$tmp/out"
	}
	[ $rc -ne 0 ]
}

for type in ext4 xfs btrfs; do
	name="power cut on $type"
	if ! command -v "mkfs.$type" >/dev/null 2>&1; then
		n=$((n + 1))
		echo "ok $n - $name # SKIP no mkfs.$type (etc/setup torture)"
		continue
	fi
	if ! format $type; then
		n=$((n + 1))
		echo "ok $n - $name # SKIP cannot mount an image of it"
		continue
	fi
	for op in $(operations) move:other; do
		other=${op#"${op%:other}"} op=${op%:other}
		wanted "$op" || continue
		: >"$tmp/bad"
		try $type "$op" 0 >>"$tmp/bad"
		cuts=1 at=1
		while try $type "$op" $at >>"$tmp/bad"; do
			cuts=$((cuts + 1)) at=$((at + step))
			[ -s "$tmp/bad" ] && break
		done
		ok "$op: $name${other:+, another session syncs its folder}, $cuts cuts" \
			"$tmp/bad"
	done
	umount "$disk"
	rm -f "$image"
done
plan
