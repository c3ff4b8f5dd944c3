#!/bin/sh
# Replays the corpus of a fuzz target as a test: t/fuzz/replay.sh O/t/fuzz/fuzz_X
name=${1##*/fuzz_}
corpus=${0%/*}/corpus/$name
echo 1..1
if [ ! -d "$corpus" ]; then
	echo "not ok 1 - $name has no corpus"
elif said=$("$1" "$corpus" 2>&1); then
	echo "ok 1 - $name: $said"
else
	echo "not ok 1 - $name"
	echo "$said" | sed 's/^/# /'
fi
