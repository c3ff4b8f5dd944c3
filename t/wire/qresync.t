# RFC 7162 3.2: QRESYNC: what changed and vanished since, VANISHED for EXPUNGE
@deliver INBOX 1000.a.x
Subject: one

body
.
@deliver INBOX 1001.b.x
Subject: two

body
.
@deliver INBOX 1002.c.x
Subject: three

body
.
@deliver INBOX 1003.d.x
Subject: four

body
.
@deliver INBOX 1004.e.x
Subject: five

body
.
1> a SELECT INBOX
1<* * OK [UIDVALIDITY $validity] Ok
1<* * OK [HIGHESTMODSEQ $first] Ok
1$ a OK
1> b STORE 2,4 +FLAGS (\Deleted)
1$ b OK
1> c STORE 5 +FLAGS (\Seen)
1$ c OK
1> d EXPUNGE
1< * 2 EXPUNGE
1< * 3 EXPUNGE
1<* * 3 EXISTS
1$ d OK EXPUNGE completed.
1> e ENABLE QRESYNC
1< * ENABLED QRESYNC
1< * OK [HIGHESTMODSEQ $gone] Ok
1< e OK Options enabled
1> f SELECT INBOX (QRESYNC ($validity $first))
1< * OK [CLOSED] ...
1<* * OK [HIGHESTMODSEQ $gone] Ok
1<* * VANISHED (EARLIER) 2,4
1<* * 3 FETCH (UID 5 FLAGS (\Seen...) MODSEQ ($five))
1$ f OK [READ-WRITE] Ok
# known UIDs limit what is told
1> g SELECT INBOX (QRESYNC ($validity $first 1:3))
1<* * VANISHED (EARLIER) 2
1! * 3 FETCH ...
1$ g OK
# in step already
1> h SELECT INBOX (QRESYNC ($validity $gone 1:5))
1$ h OK
1! * VANISHED ...
1! * ... FETCH ...
# another UIDVALIDITY
1> i SELECT INBOX (QRESYNC (1 $first))
1$ i OK
1! * VANISHED ...
# older than the history: all that is not there
1> j SELECT INBOX (QRESYNC ($validity 1 1:10))
1<* * VANISHED (EARLIER) 2,4
1<* * 1 FETCH (UID 1 FLAGS (...) MODSEQ ($first))
1$ j OK
# match data: up to UID 3 all is as the client has it
1> k SELECT INBOX (QRESYNC ($validity 1 1:5 (1,2 1,3)))
1<* * VANISHED (EARLIER) 4
1$ k OK
1> k2 SELECT INBOX (QRESYNC ($validity 1 (1,2 1,4)))
1<* * VANISHED (EARLIER) 2,4
1$ k2 OK
1> l SELECT INBOX (QRESYNC ($validity 1 1:*))
1< l BAD ...
1> l2 SELECT INBOX (QRESYNC ($validity 0))
1< l2 BAD ...
1> m UID FETCH 1:5 (FLAGS) (CHANGEDSINCE $first VANISHED)
1< * VANISHED (EARLIER) 2,4
1< * 3 FETCH (UID 5 FLAGS (\Seen...) MODSEQ ($five))
1< m OK FETCH completed.
1> m2 UID FETCH 4 (FLAGS) (CHANGEDSINCE $first VANISHED)
1< * VANISHED (EARLIER) 4
1< m2 OK FETCH completed.
1> m3 FETCH 1 (FLAGS) (CHANGEDSINCE $first VANISHED)
1< m3 BAD ...
1> n STORE 1 +FLAGS (\Deleted)
1< * 1 FETCH (UID 1 FLAGS (...\Deleted) MODSEQ ($_))
1< n OK STORE completed.
1> o EXPUNGE
1< * VANISHED 1
1< * 2 EXISTS
1< * $_ RECENT
1< o OK [HIGHESTMODSEQ $last] EXPUNGE completed.
1> p EXPUNGE
1< p OK EXPUNGE completed.
# what others do: with UID and MODSEQ, and VANISHED where it may be told
2> a SELECT INBOX
2$ a OK
2> b STORE 1 +FLAGS (\Flagged)
2$ b OK
1> q NOOP
1< * 1 FETCH (UID 3 FLAGS (\Flagged...) MODSEQ ($flagged))
1< q OK NOOP completed
2> c STORE 2 +FLAGS (\Deleted)
2$ c OK
2> d EXPUNGE
2$ d OK
2> e STORE 1 -FLAGS (\Flagged)
2$ e OK
# a FETCH by sequence numbers holds the expunge back: its number is named
1> r FETCH 1 (FLAGS)
1< * 1 FETCH (FLAGS (...))
1< r OK FETCH completed.
1> s NOOP
1< * VANISHED 5
1<* * 1 EXISTS
1$ s OK
1> t CREATE INBOX.Other
1$ t OK
1> u UID MOVE 3 INBOX.Other
1<* * OK [COPYUID $_ 3 1] Moved
1<* * VANISHED 3
1$ u OK [HIGHESTMODSEQ $_] MOVE completed.
