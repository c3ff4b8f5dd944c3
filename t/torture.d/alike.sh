#!/bin/sh
# t/site.d/alike.sh with 2,000 of each kind (ALIKE_TIMES); with STEP=n an n-th of
# them. Prints TAP.
ALIKE_TIMES=${ALIKE_TIMES:-$((2000 / ${STEP:-1}))} exec t/site.d/alike.sh "$@"
