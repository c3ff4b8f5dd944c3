#!/bin/sh
# t/site.d/renames.sh with 20,000 messages for five minutes (RENAME_SECONDS); with
# STEP=n for an n-th of that. Prints TAP.
RENAME_MESSAGES=${RENAME_MESSAGES:-20000}
RENAME_SECONDS=${RENAME_SECONDS:-$((300 / ${STEP:-1} + 5))}
export RENAME_MESSAGES RENAME_SECONDS
exec t/site.d/renames.sh "$@"
