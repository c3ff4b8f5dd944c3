#!/bin/sh
# t/site.d/swapped.sh for five minutes (SWAP_SECONDS). Prints TAP.
SWAP_SECONDS=${SWAP_SECONDS:-300} exec t/site.d/swapped.sh "$@"
