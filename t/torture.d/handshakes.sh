#!/bin/sh
# 100,000 full and as many resumed handshakes (t/site.d/resume.sh), and as many
# server names. Prints TAP.
HANDSHAKES=${HANDSHAKES:-100000} exec t/site.d/resume.sh "$@"
