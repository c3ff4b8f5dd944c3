#!/bin/sh
# t/site.d/park.sh for ten minutes. Prints TAP.
PARK_SECONDS=${PARK_SECONDS:-300} exec t/site.d/park.sh "$@"
