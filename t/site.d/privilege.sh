#!/bin/sh
# Rights of a server started by root: the table of roles as the kernel shows it,
# then real system users through PAM, with a passwd, shadow and pam.d of their
# own. Prints TAP.
# shellcheck source=t/private.sh
. t/private.sh
# shellcheck source=t/lib.sh
. t/lib.sh
talk=$PROGRAMS/t/talk
all=$(sed -n 's/^CapEff:	//p' /proc/self/status)

say() { # a conversation with the running site, on standard input
	"$talk" -p "$port" - >"$site/talk.out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$site/talk.out"
	return $rc
}
field() { # PID NAME: all its values, one blank between
	awk -v n="$2:" '$1 == n { $1 = ""; sub(/^ /, ""); gsub(/[ \t]+/, " ")
		sub(/ $/, ""); print }' "/proc/$1/status"
}
same() { # WHAT IS SHOULD
	[ "$2" = "$3" ] && return
	echo "# $1: $2, not $3"
	return 1
}
# rights PID UID GID GROUPS CAPABILITIES NO_NEW_PRIVS
rights() {
	same Uid "$(field "$1" Uid)" "$2 $2 $2 $2" &&
		same Gid "$(field "$1" Gid)" "$3 $3 $3 $3" &&
		same Groups "$(field "$1" Groups)" "$4" &&
		same CapPrm "$(field "$1" CapPrm)" "$5" &&
		same CapEff "$(field "$1" CapEff)" "$5" &&
		same CapBnd "$(field "$1" CapBnd)" "$5" &&
		same CapInh "$(field "$1" CapInh)" 0000000000000000 &&
		same CapAmb "$(field "$1" CapAmb)" 0000000000000000 &&
		same NoNewPrivs "$(field "$1" NoNewPrivs)" "$6" &&
		same 'owner of /proc/PID/mem' \
			"$(stat -c %u "/proc/$1/mem")" 0
}
each() { # ROLE and the rest as of rights
	role=$1
	shift
	found=$(role "$role")
	good=0
	[ -n "$found" ] || good=1
	for p in $found; do
		rights "$p" "$@" || good=1
	done
	[ $good -eq 0 ]
	ok "$role: uid $1, groups, capabilities, no_new_privs, not dumpable"
}
opened() { # PID: what its descriptors are, less what everybody may have
	for d in "/proc/$1/fd/"*; do
		n=${d##*/}
		t=$(readlink "$d") || continue
		case $n:$t in
		0:/dev/null | [12]:"$site/log" | *:socket:*) ;;
		*) echo "$t" ;;
		esac
	done
}
sockets() { # PID: how many it has
	for d in "/proc/$1/fd/"*; do
		readlink "$d"
	done | grep -c '^socket:'
}
nothing_but() { # PATTERN: every line of the input is such
	! grep -vxE "$1" | sed 's/^/# /' | grep .
}

# What whoever starts the server has open is not for its processes.
exec 9</etc/passwd
site_start MAXPERUSER=50 IMAP_PARK=0
exec 9<&-
ok 'the server starts as root'
imap=$(sed -n 's/^USERNAME=//p' "$site/imapd")
auth=$(sed -n 's/^AUTHUSERNAME=//p' "$site/imapd")
mail=$(stat -c %u "$site/mail/demo")
none=0000000000000000
cat >"$site/hold.t" <<-'T'
1+
1> a SELECT INBOX
1$ a OK
1> b IDLE
1< + ...
2+
@sleep 60000
T
"$talk" -p "$port" "$site/hold.t" >"$site/hold.out" 2>&1 &
hold=$!
wait_for 5 logged 'LOGIN, user=demo.*protocol=IMAP' && sleep 0.5

each log "$imap" "$imap" '' $none 1
each auth "$auth" "$auth" '' 0000000000000004 1
each watch "$imap" "$imap" '' 0000000000000004 1
each worker "$imap" "$imap" '' $none 1
groups=$(field "$master" Groups)
# What modules may need, as far as this machine has it (shm/jail.c).
mask() { printf %016x $((0x$all & $1)); }
each pam 0 0 "$groups" "$(mask 0x210445ff)" 0
rights "$master" 0 0 "$groups" "$(mask 0x212445ff)" 0
ok 'master: root with what its children need, not dumpable'
each spawner 0 0 "$groups" 00000000000001e1 1
each template 0 0 "$groups" 00000000000001e0 1
each spare 0 0 "$groups" 00000000000001e0 1
each session "$mail" "$mail" '' $none 1
processes | cut -d ' ' -f 2 |
	nothing_but 'log|auth|watch|worker|pam|spawner|template|spare|session'
ok 'there is no process of another kind'

good=0
for p in $(role worker) $(role watch); do
	case $(readlink "/proc/$p/root") in
	/) good=1 ;;
	*'(deleted)') ;;
	*) good=1 ;;
	esac
	[ -z "$(ls -A "/proc/$p/root/")" ] || good=1
	! mkdir "/proc/$p/root/x" 2>/dev/null || good=1
	[ "$(readlink "/proc/$p/cwd")" = "$(readlink "/proc/$p/root")" ] || good=1
done
[ $good -eq 0 ]
ok 'worker and watch live in a directory that is empty for ever'

dirs="$site/mail/demo/Maildir/(new|cur|courierimapkeywords)"
good=0
for p in $(role worker); do
	opened "$p" | nothing_but "anon_inode:\[(eventfd|eventpoll)\]|$dirs" &&
		grep -q /dev/shm/imapd "/proc/$p/maps" || good=1
done
[ $good -eq 0 ]
ok 'a worker has sockets, bells, the board, directories of idling clients'
good=0
for p in $(role session); do
	opened "$p" | nothing_but "$site/mail/demo/Maildir(/.*)?" || good=1
	[ "$(sockets "$p")" -le 3 ] || good=1
	! grep -q -e /dev/shm -e memfd: "/proc/$p/maps" || good=1
done
[ $good -eq 0 ]
ok 'a session has a client, worker, log, its own mail and not the board'
good=0
for p in $(processes | cut -d ' ' -f 1); do
	for d in "/proc/$p/fd/"*; do
		[ "$(readlink "$d")" != /etc/passwd ] || good=1
	done
done
[ $good -eq 0 ]
ok 'nobody has a descriptor that the starter had open'
kill $hold 2>/dev/null
wait $hold 2>/dev/null
site_stop
ok 'the server stops'

# --- system users -------------------------------------------------------------
users=$site/users
mkdir -p "$users"
cp -R /etc/pam.d "$users/pam.d"
cp etc/pam.imap "$users/pam.d/imap"
for f in passwd shadow group; do
	cp -p "/etc/$f" "$users/$f"
done
today=$(($(date +%s) / 86400))
# user NAME UID GID PASSWORD [LAST_CHANGE [EXPIRES]]: PASSWORD "!" is a lock
user() {
	echo "$1:x:$2:$3::$site/home/$1:/usr/sbin/nologin" >>"$users/passwd"
	crypted=$4
	[ "$4" = '!' ] || crypted=$(openssl passwd -6 "$4")
	echo "$1:$crypted:${5:-$today}:0:99999:7::${6:-}:" >>"$users/shadow"
	home=$site/home/$1/Maildir
	mkdir -p "$home/cur" "$home/new" "$home/tmp"
	printf 'Subject: to %s\n\nthe secret of %s\n' "$1" "$1" \
		>"$home/cur/1790000000.M1P1.$1:2,S"
	chown -R "$2:$3" "$site/home/$1"
	chmod -R go-rwx "$site/home/$1"
}
mkdir -p "$site/home"
user anna 62001 62001 pw-anna
user bert 62002 62002 pw-bert
user eva 62003 62003 pw-eva '' 1 # expired long ago
user old 62004 62004 pw-old 0 # must change the password first
user lars 62005 62005 '!'
user low 700 700 pw-low
user toor 0 0 pw-toor
user carl 62006 62006 pw-carl
chown -R root:root "$site/home/carl" # his mail is not his
printf 'anna:x:62001:\nbert:x:62002:\nreaders:x:62010:anna\n' >>"$users/group"
printf 'wheel2:x:62011:bert\n' >>"$users/group"
# Open to all the world, but not through bert's session.
chmod 755 "$site/home/anna" "$site/home/anna/Maildir" "$site/home/anna/Maildir/cur"
chmod 644 "$site/home/anna/Maildir/cur"/*
ln -s "$site/home/anna/Maildir" "$site/home/bert/Maildir/.anna"
ln -s "$site/home/anna/Maildir/cur/1790000000.M1P1.anna:2,S" \
	"$site/home/bert/Maildir/cur/1790000001.M1P1.link:2,S"
for f in passwd shadow group pam.d; do
	mount --bind "$users/$f" "/etc/$f"
done
rm -rf "$site/mail" "$site/userdb" "$site/imapd" "$site/log"
site_start AUTHMODULES=authpam MINUID=1000 PAMSERVICE=imap
ok 'the server starts with the system'"'"'s users'

say <<'T'
1+ nologin
1> a LOGIN anna pw-anna
1$ a OK ...LOGIN Ok.
1> b SELECT INBOX
1$ b OK [READ-WRITE] ...
1> c FETCH 1 BODY.PEEK[TEXT]
1< * 1 FETCH (BODY[TEXT] {...}|the secret of anna|)
1$ c OK
2+ nologin
2> a AUTHENTICATE PLAIN AGJlcnQAcHctYmVydA==
2$ a OK
T
ok 'system users log in with their own passwords'

no='NO [AUTHENTICATIONFAILED] Login failed.'
start=$(date +%s%N)
sed "s/@NO@/$(echo "$no" | sed 's/[][]/\\&/g')/" >"$site/no.t" <<'T'
1+ nologin
2+ nologin
3+ nologin
4+ nologin
5+ nologin
6+ nologin
7+ nologin
8+ nologin
9+ nologin
1> a LOGIN anna pw-bert
2> a LOGIN old pw-eva
3> a LOGIN eva pw-anna
4> a LOGIN lars pw-lars
5> a LOGIN low pw-low
6> a LOGIN toor pw-toor
7> a LOGIN nobody-of-that-name pw
8> a LOGIN root ""
9> a LOGIN anna ""
1$ a @NO@
2$ a @NO@
3$ a @NO@
4$ a @NO@
5$ a @NO@
6$ a @NO@
7$ a @NO@
8$ a @NO@
9$ a @NO@
T
say <"$site/no.t"
ok 'wrong, locked, root, below MINUID, unknown: the text of a wrong password'
ms=$((($(date +%s%N) - start) / 1000000))
[ $ms -ge 1500 ] && [ $ms -le 15000 ]
ok "and not at once ($ms ms)"
logged 'user=toor.*MINUID' && logged 'user=low.*MINUID'
ok 'uid 0 and a uid below MINUID have a log line of their own'
logged 'LOGIN FAILED, user=anna' && logged 'LOGIN FAILED, user=toor'
ok 'and all have the line of a failed login'
# RFC 5530: who knows the password may hear that it is to be changed.
say <<'T'
1+ nologin
2+ nologin
1> a LOGIN old pw-old
1$ a NO [EXPIRED] ...
2> a LOGIN eva pw-eva
2$ a NO [EXPIRED] ...
T
ok 'a right password is told that it must be changed, or the account expired'
logged 'LOGIN REFUSED, user=eva.*reason=expired'
ok 'and so is the log'

cat >"$site/hold.t" <<-'T'
1+ nologin
1> a LOGIN anna pw-anna
1$ a OK
2+ nologin
2> a LOGIN bert pw-bert
2$ a OK
@sleep 3000
1> b SELECT INBOX
1$ b OK
T
"$talk" -p "$port" "$site/hold.t" >"$site/hold.out" 2>&1 &
hold=$!
session() { # UID: a session of it
	for s in $(role session); do
		case $(field "$s" Uid) in
		"$1 "*) echo "$s" ;;
		esac
	done | head -n 1
}
# shellcheck disable=SC2317
both() { [ -n "$(session 62001)" ] && [ -n "$(session 62002)" ]; }
wait_for 10 both
rights "$(session 62001)" 62001 62001 '62001 62010' $none 1 &&
	rights "$(session 62002)" 62002 62002 '62002 62011' $none 1
ok 'a session has uid, gid and groups of its user and no right beyond'
opened "$(session 62002)" | nothing_but "$site/home/bert/Maildir(/.*)?"
ok "a session has only its own user's files open"
wait $hold
ok 'both sessions serve'

say <<'T'
2+ nologin
2> a LOGIN bert pw-bert
2$ a OK
2> b SELECT INBOX
2$ b OK [READ-WRITE] ...
2> c UID FETCH 1:* (BODY.PEEK[] ENVELOPE)
2$ c OK
2! ...anna...
2> d SELECT INBOX.anna
2$ d NO
2> e LIST "" *
2$ e OK
2! ...INBOX.anna...
2> f SELECT "INBOX./../../anna/Maildir"
2$ f NO
T
ok "a session does not read another user's mail, not through a link either"
say <<'T'
3+ nologin
3> a LOGIN carl pw-carl
3$ a NO [UNAVAILABLE] ...
T
ok "a Maildir that is not the user's own is not opened"
site_stop
ok 'the server stops again'
! logged ' died\| crashed\|Sanitizer'
ok 'no process died meanwhile'
plan
