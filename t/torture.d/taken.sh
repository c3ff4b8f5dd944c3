#!/bin/sh
# t/site.d/taken.sh with every wrong message. Prints TAP.
exec t/site.d/taken.sh "$@"
