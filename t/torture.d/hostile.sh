#!/bin/sh
# The hostile clients of t/site.d/hostile.sh in full number, and an honest one
# that is served within a second. Prints TAP.
FLOOD=${FLOOD:-10000} CROWD=1000 PATIENCE=${PATIENCE:-1} \
	exec t/site.d/hostile.sh "$@"
