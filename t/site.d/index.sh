#!/bin/sh
# imapctl index: as the administrator runs it, beside the server and on what was
# spoiled; as root it becomes the owner first. Prints TAP.
# what Python or awk reads stands in single quotes
# shellcheck disable=SC2016
# shellcheck source=t/lib.sh
. t/lib.sh
has python3 || {
	skip 'imapctl index' 'no python3'
	plan
}
site_make IMAP_LINGER=0
box=$site/mail/demo/Maildir
list=$box/courierimapuiddb
data=$box/corkboard/index/data.mdb
owner=$(stat -c %u "$box")
# What clients know: UIDVALIDITY, UIDs and flags in $1, HIGHESTMODSEQ in $1.high;
# with commands more they are sent first.
known() {
	python3 - "$port" "$@" <<-'P'
		import imaplib, re, sys
		c = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
		c.login("demo", "demo")
		c.select("INBOX")
		for line in sys.argv[3:]:
		    assert c.uid(*line.split(" ", 2))[0] == "OK"
		c.unselect()
		c.select("INBOX")
		with open(sys.argv[2] + ".high", "w") as f:
		    print(c.untagged_responses["HIGHESTMODSEQ"][0].decode(), file=f)
		with open(sys.argv[2], "w") as f:
		    print(c.untagged_responses["UIDVALIDITY"][0].decode(), file=f)
		    for line in c.uid("FETCH", "1:*", "(FLAGS)")[1]:
		        flags = set(imaplib.ParseFlags(line)) - {b"\\Recent"}
		        uid = re.search(rb"UID (\d+)", line).group(1)
		        print("UID", uid.decode(), b" ".join(sorted(flags)).decode(), file=f)
		c.logout()
	P
}
same() { # nobody has lost anything
	known "$site/after" && cmp -s "$site/before" "$site/after" &&
		[ "$(cat "$site/after.high")" -ge "$(cat "$site/before.high")" ] &&
		return
	diff "$site/before" "$site/after" | sed 's/^/# /'
	return 1
}
# ctl STATUS VERB WHO [PATTERN...]: no pattern, and it must be silent
ctl() {
	want=$1 verb=$2 who=$3
	shift 3
	timeout 60 "$PROGRAMS/imapctl" -c "$site/imapd" -f "$site/userdb" \
		index "$verb" "$who" >"$site/ctl.out" 2>&1
	rc=$? good=0
	[ $rc -eq "$want" ] || good=1
	for w; do
		grep -q -e "$w" "$site/ctl.out" || good=1
	done
	[ $# -gt 0 ] || [ ! -s "$site/ctl.out" ] || good=1
	[ $good -eq 0 ] || sed "s/^/# $verb: $rc: /" "$site/ctl.out"
	return $good
}
name() { awk -v uid="$1" 'NR > 1 && $1 == uid { print $2 }' "$list"; }
file() { # UID: the file that has it
	ls "$box/cur/$(name "$1")"*
}

site_run
ok 'the server starts'
known "$site/before" 'STORE 1:2 +FLAGS (\Flagged $Work)' \
	'STORE 3 +FLAGS (\Seen)' 'FETCH 1:* (ENVELOPE BODYSTRUCTURE)'
ok 'a folder with flags, keywords and what is kept of messages'
sleep 0.1
ctl 0 check "$box" && ctl 0 check demo
ok 'check is silent where nothing differs, by path and by login'

last=$(tail -n 1 "$list")
sed -i '$d' "$list"
chown "$owner" "$list"
ctl 1 check "$box" "INBOX: UID ${last%% *}: it is not in the UID file"
ok 'a line that the UID file lacks is told'
ctl 0 rebuild "$box" "UID ${last%% *}" && ctl 0 check "$box" &&
	grep -qxF "$last" "$list" && same
ok 'rebuild writes it, and nobody lost anything'

mv "$(file 1)" "$box/cur/$(name 1):2,FT"
rm "$(file 2)"
sleep 0.1
ctl 1 check "$box" 'INBOX: it was changed since' 'UID 1: its flags are others' \
	'UID 2: there is no file'
ok 'what strangers did is told by UID'
ctl 0 rebuild "$box" 'UID 1' 'UID 2' && ctl 0 check "$box" &&
	known "$site/after" && ! grep -q 'UID 2 ' "$site/after" &&
	grep -q 'UID 1 .*Deleted' "$site/after" &&
	[ "$(cat "$site/after.high")" -gt "$(cat "$site/before.high")" ]
ok 'rebuild takes it over'
known "$site/before"

head -c 8192 /dev/urandom >"$site/noise"
dd if="$site/noise" of="$data" conv=notrunc 2>"$site/dd.out"
ctl 1 check "$box" 'index: broken' && cmp -s -n 8192 "$site/noise" "$data"
ok 'an index of noise is told, and left as it is'
ctl 0 rebuild "$box" 'index: broken' && ctl 0 check "$box" && same
ok 'rebuild makes another, and nobody lost anything'

ctl 0 drop "$box" && [ ! -e "$data" ] && ctl 0 check "$box" && [ ! -e "$data" ]
ok 'drop removes it; none is no difference'
same && [ -e "$data" ]
ok 'the next session makes it, and nobody lost anything'
ctl 0 rebuild demo && [ "$(stat -c %u "$data")" = "$owner" ] &&
	[ -z "$(find "$site/mail/demo" ! -uid "$owner")" ]
ok 'all that rebuild made is the owner'"'"'s'
if [ "$(id -u)" = 0 ]; then
	chown 0 "$box"
	ctl 1 check "$box" 'Operation not permitted'
	ok 'mail of root'"'"'s is refused'
	chown "$owner" "$box"
else
	skip 'mail of root'"'"'s is refused' 'not root'
fi
"$PROGRAMS/imapctl" index mend "$box" >"$site/ctl.out" 2>&1
[ $? -eq 2 ] && grep -q 'index check|rebuild|drop' "$site/ctl.out"
ok 'another verb is wrong usage'
site_stop
ok 'the server stops cleanly'
plan
