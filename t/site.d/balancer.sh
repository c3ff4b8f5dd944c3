#!/bin/sh
# Behind a balancer (TCPDOPTS -haproxy): the client's address counts and stands
# in the log, on both ports; the access file, limits, a reload. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
if ! has python3; then
	skip 'behind a balancer' 'no python3'
	plan
fi
site_make MAXPERIP=2 IMAP_PARK_YIELD=0
printf '198.51.100.66\tdeny\n' >"$site/imapaccess"
{
	echo "TCPDOPTS=\"-haproxy=2/port=$port,$sslport -denymsg=Go_away\""
	echo "IMAPACCESSFILE=$site/imapaccess"
} >>"$site/imapd"
"$PROGRAMS/imapd-master" -t -f "$site/imapd" >"$site/t.out" 2>&1
ok '-t takes the option'
site_run
ok 'the server starts'
# say ADDRESS [tls]: logs in with a header for that address; prints all lines
cat >"$site/say.py" <<'P'
import socket, ssl, sys
port, address, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
s = socket.create_connection(("127.0.0.1", port), 10)
if kind == "none":
    s.sendall(b"a LOGIN demo demo\r\n")
elif kind == "slow":
    s.sendall(b"PROXY ")
elif kind == "v2":
    s.sendall(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
              + socket.inet_aton(address) + b"\x7f\0\0\x01\x12\x34\0\x8f")
else:
    s.sendall(b"PROXY TCP4 %s 127.0.0.1 4660 143\r\n" % address.encode())
if kind == "tls":
    c = ssl.create_default_context()
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    s = c.wrap_socket(s)
f = s.makefile("rwb")
line = f.readline()
sys.stdout.write(line.decode())
if line.startswith(b"* OK"):
    f.write(b"a LOGIN demo demo\r\n")
    f.flush()
    for line in f:
        sys.stdout.write(line.decode())
        if line.startswith(b"a "):
            break
sys.stdout.flush()
if kind == "hold":
    sys.stdin.read()
elif line.startswith(b"a OK"):
    f.write(b"b LOGOUT\r\n")
    f.flush()
    f.read()
P
say() {
	timeout 20 python3 "$site/say.py" "${3:-$port}" "$1" "$2" 2>&1
}
says() { # PATTERN ADDRESS KIND [PORT]
	pattern=$1
	shift
	said=$(say "$@")
	case $said in
	*"$pattern"*) return 0 ;;
	esac
	echo "$said" | sed 's/^/# /'
	return 1
}
says 'a OK' 198.51.100.9 v1 && says 'a OK' 198.51.100.9 v2 &&
	says 'a OK' 198.51.100.9 tls "$sslport"
ok 'a client behind it logs in: version 1, version 2, and on SSLPORT'
wait_for 5 logged 'LOGIN, user=demo, ip=\[::ffff:198.51.100.9\], port=\[4660\], protocol=IMAP$' &&
	logged 'LOGIN, user=demo, ip=\[::ffff:198.51.100.9\], port=\[4660\], protocol=IMAP, starttls=1$' &&
	logged 'LOGOUT, user=demo, ip=\[::ffff:198.51.100.9\], port=\[4660\]'
ok 'the log has its own address'
mkfifo "$site/hold"
exec 9<>"$site/hold"
for i in 1 2; do
	python3 "$site/say.py" "$port" 198.51.100.9 hold <"$site/hold" \
		>"$site/hold.$i" 2>&1 9>&- &
	holders="${holders:-} $!"
	wait_for 10 grep -q '^a OK' "$site/hold.$i"
done
says '* BYE [ALERT] Maximum connection limit reached for ::ffff:198.51.100.9 (2 connections, limit 2)' 198.51.100.9 v1
ok 'MAXPERIP counts its address'
logged 'Maximum connection limit reached for ::ffff:198.51.100.9, address=\[::ffff:198.51.100.9\], count=2, limit=2'
ok '... and the log says so'
says 'a OK' 198.51.100.10 v1
ok 'another one behind the same balancer is let in'
says '* BYE [ALERT] Go_away' 198.51.100.66 v1 &&
	logged 'Denied by IMAPACCESSFILE, ip=\[::ffff:198.51.100.66\]'
ok 'the access file denies its address'
[ -z "$(say 198.51.100.9 none)" ] &&
	logged 'ip=\[::ffff:127.0.0.1\], port=\[[0-9]*\], PROXY header: malformed'
ok 'who sends no header is closed without a word'
[ -z "$(say 198.51.100.9 slow)" ] && logged 'PROXY header: timed out'
ok 'a header has its time'
exec 9>&-
rm "$site/hold"
# shellcheck disable=SC2086
kill $holders 2>/dev/null
sed -i '/^TCPDOPTS/d' "$site/imapd"
kill -HUP "$master"
wait_for 5 logged 'settings are reloaded' && greets demo demo
ok 'a reload without the option: no header is awaited'
site_stop
ok 'stop'
plan
