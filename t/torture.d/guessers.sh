#!/bin/sh
# 1,000 guesses a minute for GUESS_SECONDS (180), of 50 addresses on one account,
# while its owner and others log in (t/site.d/guessers.sh). Prints TAP.
GUESS_SECONDS=${GUESS_SECONDS:-180} ROUNDS=20000 exec t/site.d/guessers.sh "$@"
