#!/bin/sh
# A worker dies and has left more in its channel than the master reads at a time:
# the master hears it while the number is still its own, and never sends a signal
# to one that it has reaped, which may be anybody's by then. Prints TAP.
# shellcheck source=t/lib.sh
. t/lib.sh
what='no signal goes to a number that was reaped'
for tool in python3 strace; do
	if ! has $tool; then
		skip "$what" "no $tool"
		plan
	fi
done
if [ "$(id -u)" -ne 0 ]; then
	skip "$what" "not root: a worker's descriptors are its own"
	plan
fi
site_start WORKERS=1
ok 'the server starts'
worker=$(pgrep -P "$master" -f 'worker')
strace -o "$site/trace" -e trace=kill,wait4,waitid,pidfd_send_signal \
	-p "$master" 2>"$site/strace.out" &
tracer=$!
wait_for 10 grep -q attached "$site/strace.out"
cat >"$site/words.py" <<'P'
import ctypes, os, signal, socket, struct, sys
worker, master, closed = (int(a) for a in sys.argv[1:])
libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, worker, 0)  # pidfd_open
fd = libc.syscall(438, pidfd, 3, 0)  # pidfd_getfd: BOOT_FD_PARENT
os.kill(master, signal.SIGSTOP)
channel = socket.socket(fileno=fd)
channel.setblocking(False)
n = 0
try:
    while n < 100000:
        channel.send(struct.pack("<IIQ", closed, 8, n + 1))
        n += 1
except BlockingIOError:
    pass
os.kill(worker, signal.SIGKILL)
channel.close()
# A zombie is what is wanted, with all that it has said.
while open("/proc/%d/stat" % worker).read().rsplit(")", 1)[1].split()[0] != "Z":
    pass
os.kill(master, signal.SIGCONT)
sys.exit(n <= 256)
P
closed=$(sed -n 's/^	X(\([A-Z_]*\),.*/\1/p' shm/ipc.h | grep -n '^CLOSED$' | cut -d: -f1)
timeout 30 python3 "$site/words.py" "$worker" "$master" "$closed"
ok 'a worker dies with more said than the master reads at a time'
wait_for 20 logged "worker $worker (number 0) died of signal 9"
ok 'the master says so'
kill "$tracer"
wait "$tracer" 2>/dev/null
awk -v pid="$worker" '
	/^wait(4|id)\(/ && !/WNOWAIT/ && $0 ~ "(^wait4\\(" pid ",|= " pid "$)" {
		reaped = 1
	}
	$0 ~ "^kill\\(-?" pid "," { if (reaped) bad = 1 }
	END { exit !reaped || bad }' "$site/trace"
ok "$what"
wait_for 20 greets
ok 'another worker serves'
site_stop
ok 'the server stops'
plan
