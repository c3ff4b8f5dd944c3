#!/bin/sh
# The random games for longer, each with seeds of its own: several processes on
# one folder (unit/maildir_together), clients of every kind on a site (site.d/
# random.sh). Prints TAP.
o=$1
n=0 bad=0
one() { # NAME COMMAND...
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$o/random.out" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$o/random.out" | tail -n 60
		bad=1
	fi
}
seed=${SEED:-$(($(date +%s) % 100000))}
for i in $(seq 1 "${GAMES:-8}"); do
	one "several processes, seed $((seed + i))" env SEED=$((seed + i)) \
		ROUNDS=100 timeout 900 "$o/t/unit/maildir_together"
	one "clients of every kind, seed $((seed + i))" env SEED=$((seed + i)) \
		RANDOM_SECONDS=60 timeout 900 t/site.d/random.sh "$o"
done
echo "1..$n"
exit $bad
