# shellcheck shell=sh disable=SC2154
# Sourced by t/bench/run: starts and stops the servers that are measured, on
# loopback, each in a folder and an accounting group of its own. Sets for each
# NAME: port_NAME, sslport_NAME, pid_NAME, group_NAME; and running, owner.
names=${BENCH_SERVERS:-ours dovecot courier}
version=$(git describe --always --dirty 2>/dev/null) # of the sources, as it begins
owner='' hash=coNjNZtymYeRY # crypt(3) of "demo", as the demonstration has it
nextport=$((20000 + $$ * 13 % 12000)) # below the ephemeral ones
courier_prefix=${COURIER_PREFIX:-} # where courier-imap is unpacked, "" if installed

free_port() {
	while grep -qi ":$(printf %04X $nextport) " /proc/net/tcp /proc/net/tcp6
	do
		nextport=$((nextport + 1))
	done
	echo $nextport
}
ports() { # NAME
	eval "port_$1=$(free_port)"
	nextport=$((nextport + 1))
	eval "sslport_$1=$(free_port)"
	nextport=$((nextport + 1))
}
group() { # NAME: a cgroup that counts its CPU, or nothing
	for g in /sys/fs/cgroup/cpuacct /sys/fs/cgroup; do
		[ -e $g/cpuacct.usage ] || [ -e $g/cgroup.controllers ] || continue
		g=$g/imapbench-$$-$1
		mkdir "$g" 2>/dev/null && echo "$g" && return
	done
}
# The highest limit of open files that may be had.
# shellcheck disable=SC3045
files() { (ulimit -n 200000 2>/dev/null || ulimit -n "$(ulimit -H -n)"; ulimit -n); }
# Of ours each worker takes three quarters of them: so many for those held.
workers() {
	w=$((held / ($(files) * 3 / 4 - 1000) + 1))
	[ $w -gt "$(nproc)" ] || w=$(nproc)
	echo "$w"
}
launch() { # NAME COMMAND...
	eval "command_$1=\$*"
	name=$1
	shift
	g=$(group "$name")
	(
		[ -z "$g" ] || echo 0 >"$g/cgroup.procs"
		# shellcheck disable=SC3045
		ulimit -n "$(files)"
		exec "$@"
	) >"$dir/$name.log" 2>&1 </dev/null &
	eval "pid_$name=$! group_$name=\$g"
	eval "p=\$port_$name"
	tries=0
	until listening "$p"; do
		tries=$((tries + 1))
		if [ $tries -gt 200 ]; then
			echo "bench: $name does not listen" >&2
			tail -n 20 "$dir/$name.log" >&2
			stop "$name"
			return 1
		fi
		sleep 0.1
	done
	running="$running $name"
}
listening() { grep -qi "0100007F:$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp; }
alive() { kill -0 "$1" 2>/dev/null; }
stop() { # NAME: its own processes and no others
	eval "p=\$pid_$1 g=\$group_$1"
	kill -TERM "$p" 2>/dev/null
	tries=0
	while alive "$p" && [ $tries -lt 150 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	! alive "$p" || kill -KILL "$p"
	wait "$p" 2>/dev/null
	[ -n "$g" ] || return 0
	sleep 0.2
	while read -r left; do
		kill -KILL "$left" 2>/dev/null
	done <"$g/cgroup.procs"
	sleep 0.2
	rmdir "$g" 2>/dev/null
}
fresh() { # NAME: the same once more, with nothing left of what was before
	were=$running
	stop "$1"
	eval "c=\$command_$1"
	# shellcheck disable=SC2086
	launch $c
	running=$were
}
stop_all() {
	for s in $running; do
		stop "$s"
	done
	running=
}

start_ours() { site ours "$PROGRAMS"; }
# Another build of ours, to see what a change does.
start_other() { [ -n "${BENCH_OTHER:-}" ] && site other "$BENCH_OTHER"; }
site() { # NAME PROGRAMS
	ports "$1"
	eval "p=\$port_$1 s=\$sslport_$1"
	mkdir -p "$dir/$1"
	if ! DEMO_ONLY=site DEMO_DIR=$dir/$1 DEMO_PORT=$p DEMO_SSLPORT=$s \
		DEMO_USERS=$users DEMO_EMPTY=1 PROGRAMS=$2 etc/demo >&2; then
		echo "bench: another BENCH_CACHE=folder may help" >&2
		return 1
	fi
	cat >>"$dir/$1/imapd" <<-END
	TRUSTED_NETS="127.0.0.0/8 ::1"
	MAXPERIP=$limit
	MAXPERUSER=$limit
	MAXDAEMONS=$limit
	WORKERS=$(workers)
	${BENCH_SETTINGS:-}
	END
	owner=$(sed -n 's/^demo.*uid=\([0-9]*\)|.*/\1/p' "$dir/$1/userdb")
	launch "$1" "$2/imapd-master" -F -f "$dir/$1/imapd"
}

start_dovecot() {
	dovecot_site dovecot || return 1
	launch dovecot dovecot -F -c "$dir/dovecot/dovecot.conf"
}
# With sleeping IDLE clients: imap-hibernate.
start_hibernate() {
	dovecot_site hibernate || return 1
	cat >>"$dir/hibernate/dovecot.conf" <<-END
	imap_hibernate_timeout = 3 s
	service imap {
	  extra_groups = dovecot
	  unix_listener imap-master {
	    user = dovecot
	  }
	}
	service imap-hibernate {
	  client_limit = $limit
	  unix_listener imap-hibernate {
	    mode = 0666
	  }
	}
	END
	launch hibernate dovecot -F -c "$dir/hibernate/dovecot.conf"
}
dovecot_site() { # NAME
	command -v dovecot >/dev/null 2>&1 || return 1
	[ -d /usr/lib/dovecot/modules ] && [ -x /usr/lib/dovecot/imap ] || return 1
	[ "$(id -u)" = 0 ] || return 1
	ports "$1"
	d=$dir/$1
	mkdir -p "$d/run" "$d/state" "$d/mail"
	eval "p=\$port_$1 s=\$sslport_$1"
	u=1
	while [ $u -le "$users" ]; do
		printf 'user%04d:{CRYPT}%s\n' $u $hash
		mkdir "$d/mail/$(printf 'user%04d' $u)"
		u=$((u + 1))
	done >"$d/passwd"
	chown -R "$owner:$owner" "$d/mail"
	cat >"$d/dovecot.conf" <<-END
	base_dir = $d/run
	state_dir = $d/state
	log_path = $d/log
	instance_name = bench-$1
	protocols = imap
	listen = 127.0.0.1
	disable_plaintext_auth = no
	ssl = yes
	ssl_cert = <$dir/ours/imapd.pem
	ssl_key = <$dir/ours/imapd.pem
	mail_location = maildir:~/Maildir
	mail_uid = $owner
	mail_gid = $owner
	first_valid_uid = 1
	first_valid_gid = 1
	mail_max_userip_connections = 0
	default_process_limit = $limit
	default_client_limit = $limit
	passdb {
	  driver = passwd-file
	  args = username_format=%u $d/passwd
	}
	userdb {
	  driver = static
	  args = uid=$owner gid=$owner home=$d/mail/%u
	}
	namespace inbox {
	  inbox = yes
	}
	service imap-login {
	  service_count = 0
	  process_min_avail = 2
	  process_limit = 16
	  vsz_limit = 1G
	  inet_listener imap {
	    address = 127.0.0.1
	    port = $p
	  }
	  inet_listener imaps {
	    address = 127.0.0.1
	    port = $s
	    ssl = yes
	  }
	}
	service imap {
	  process_limit = $limit
	}
	service auth {
	  client_limit = $((limit + 1000))
	}
	service anvil {
	  client_limit = $((limit + 1000))
	}
	service stats {
	  client_limit = $((limit + 1000))
	}
	${BENCH_DOVECOT:-}
	END
}

# Courier's paths are built in: it runs in a mount namespace of its own, in
# which its folders are ours.
start_courier() {
	imapd=$courier_prefix/usr/bin/imapd
	imaplogin=$courier_prefix/usr/lib/courier/courier/imaplogin
	[ -x "$imaplogin" ] && [ -x "$imapd" ] && [ "$(id -u)" = 0 ] || return 1
	command -v couriertcpd >/dev/null 2>&1 || return 1
	command -v couriertls >/dev/null 2>&1 || return 1
	command -v unshare >/dev/null 2>&1 || return 1
	ports courier
	d=$dir/courier
	mkdir -p "$d/etc/shared" "$d/run/authdaemon" "$d/mail"
	u=1
	while [ $u -le "$users" ]; do
		n=$(printf 'user%04d' $u)
		mkdir "$d/mail/$n"
		printf '%s\tuid=%d|gid=%d|home=%s|systempw=%s\n' "$n" "$owner" \
			"$owner" "$d/mail/$n" $hash
		u=$((u + 1))
	done >"$d/etc/userdb"
	chmod 600 "$d/etc/userdb"
	chown -R "$owner:$owner" "$d/mail"
	chown courier:courier "$d/run/authdaemon"
	cp "$dir/ours/imapd.pem" "$d/etc/imapd.pem"
	chown courier:courier "$d/etc/imapd.pem"
	makeuserdb -f "$d/etc/userdb" || return 1
	cat >"$d/etc/authdaemonrc" <<-END
	authmodulelist="authuserdb"
	authmodulelistorig="authuserdb"
	daemons=5
	authdaemonvar=/run/courier/authdaemon
	DEBUG_LOGIN=0
	DEFAULTOPTIONS=""
	LOGGEROPTS=""
	END
	courier_settings >"$d/etc/settings"
	launch courier unshare -m --propagation private \
		sh t/bench/courier.sh "$d" "$imaplogin" "$imapd" "$owner"
}
courier_settings() {
	cat <<-END
	PORT=$port_courier
	SSLPORT=$sslport_courier
	IMAP_CAPABILITY="IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"
	IMAP_KEYWORDS=1
	IMAP_ACL=1
	IMAP_IDLE_TIMEOUT=60
	IMAP_ENHANCEDIDLE=1
	IMAP_USELOCKS=1
	IMAP_UMASK=022
	IMAP_DISABLETHREADSORT=0
	IMAP_CHECK_ALL_FOLDERS=0
	IMAP_OBSOLETE_CLIENT=0
	IMAP_TRASHFOLDERNAME=Trash
	IMAP_EMPTYTRASH=Trash:7
	IMAP_MOVE_EXPUNGE_TO_TRASH=0
	SENDMAIL=/usr/sbin/sendmail
	HEADERFROM=X-IMAP-Sender
	MAILDIRPATH=Maildir
	COURIERTLS=/usr/bin/couriertls
	TLS_CERTFILE=/etc/courier/imapd.pem
	TLS_TRUSTCERTS=/etc/ssl/certs
	TLS_VERIFYPEER=NONE
	END
}

start_all() {
	start_ours || return 1
	for n in $names; do
		case $n in
		ours) ;;
		*) "start_$n" ;;
		esac || say "$n: not installed, left out"
	done
	i=$(cat /proc/sys/fs/inotify/max_user_instances)
	[ "$i" -ge 1500 ] || say "fs.inotify.max_user_instances is $i:" \
		"a peer with an instance per client in IDLE will poll instead"
}

# The share of the machine that neither the servers nor the client used.
busy() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }
# Seconds: the client's (what this shell has waited for, in FILE: a subshell
# would see only its own) and the servers'.
spent() { # FILE
	{
		cat "$1"
		for s in $running; do
			eval "g=\$group_$s"
			[ -z "$g" ] || cat "$g/cpuacct.usage" 2>/dev/null ||
				sed -n 's/^usage_usec \(.*\)/\1000/p' "$g/cpu.stat"
		done
	} | awk 'NF == 1 { sum += $1 / 1e9; next }
	{ for (i = 1; i <= 2; i++) { split($i, t, "m"); sum += t[1] * 60 + t[2] } }
	END { printf "%.3f", sum }'
}
noise_begin() {
	times >"$dir/times"
	began=$(date +%s) busy0=$(busy) spent0=$(spent "$dir/times")
}
noise_end() {
	times >"$dir/times"
	echo "$(date +%s) $(busy) $(spent "$dir/times")" | awk -v t="$began" \
		-v b="$busy0" -v s="$spent0" -v hz="$(getconf CLK_TCK)" \
		-v n="$(nproc)" '{
		wall = ($1 - t) * n
		if (wall < 1)
			wall = 1
		used = ($2 - b) / hz - ($3 - s)
		printf "others used %.0f %% of the machine meanwhile (%d s)\n",
		    (used > 0 ? used : 0) * 100 / wall, $1 - t }'
}
machine() {
	echo "$(date +%Y-%m-%d): $(nproc) x $(sed -n \
		's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)," \
		"$(awk '/MemTotal/ { printf "%d GB", $2 / 1e6 }' /proc/meminfo)," \
		"Linux $(uname -r), $(stat -f -c %T "$dir")," \
		"load $(cut -d' ' -f1-3 /proc/loadavg)"
	for s in $running; do
		case $s in
		dovecot* | hibernate) echo "$s: $(dovecot --version)" ;;
		ours) echo "ours: $version, $(sed -n 's/^WORKERS=//p' \
			"$dir/ours/imapd" | tail -n 1) workers" ;;
		courier) echo "courier: $(dpkg-query -W courier-imap 2>/dev/null)" ;;
		esac
	done
}
