#!/usr/bin/env python3
"""What Courier's imapd and Dovecot's imap see of a site after a fault.

peers.py BASE SITE LABEL, with CRASH_PROGRAMS: the folder that holds ours and
courier with courier.lib, and dovecot with dovecot.lib where there is one. A copy
of SITE, as the fault left it, is read by Courier first: no UID of BASE may name
another message (RELIABILITY I2, I11). Then by us, and Courier, and Dovecot: all
see the same messages, and Courier under the same UIDs. Complaints are printed.
"""
import os
import shutil
import subprocess
import sys

BASE, AFTER, LABEL = sys.argv[1:4]
WHERE = os.environ["CRASH_PROGRAMS"]
sys.argv[1:] = [WHERE, WHERE + "/courier.lib"]
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../site.d")
import moving  # noqa: E402
from courier_both import AS, NOBODY, differences, dump  # noqa: E402

COPY = WHERE + "/Maildir"


def take(site):
    """A copy of it that belongs to whom the programs run as."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(site, COPY, symlinks=True)
    if AS:
        subprocess.run(
            ["chown", "-R", "%d:%d" % (NOBODY, NOBODY), COPY], check=True)


def known():
    """What was told before: (folder, UIDVALIDITY, UID) and the message."""
    path = WHERE + "/known"
    if not os.path.exists(path):
        take(BASE)
        text = repr(told(dump("ours", COPY)))
        with open(path, "w") as f:
            f.write(text)
    with open(path) as f:
        return eval(f.read())  # it is ours


def told(seen):
    return {(name, folder["validity"], uid): message[4]
            for name, folder in seen["folders"].items()
            for uid, message in folder["messages"].items()}


def contents(seen):
    """Messages without the UIDs."""
    return {name: sorted(m[4] for m in folder["messages"].values())
            for name, folder in seen["folders"].items()}


def main():
    before = known()
    take(AFTER)
    first = told(dump("courier", COPY))
    bad = ["%s UID %d names another message to Courier" % (key[0], key[2])
           for key in before if first.get(key, before[key]) != before[key]]
    ours = dump("ours", COPY)
    bad += ["Courier after us: " + line
            for line in differences(ours, dump("courier", COPY))]
    if os.access(WHERE + "/dovecot", os.X_OK):
        want, got = contents(ours), contents(dump("dovecot", COPY))
        bad += ["%r is not the same to Dovecot: %d messages, %d" % (
            name, len(want.get(name, [])), len(got.get(name, [])))
            for name in want.keys() | got.keys()
            if want.get(name) != got.get(name)]
    for line in bad[:10]:
        print("#", line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
