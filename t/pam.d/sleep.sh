#!/bin/sh
# For imap-sleep.
exec sleep 60
