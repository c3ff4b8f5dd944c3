# RFC 3501 6.3.1: SELECT, in Courier's order with UIDNEXT and UNSEEN
@deliver INBOX 1000.a.x
Subject: one

body
.
@deliver INBOX 1001.b.x
Subject: two

body
.
@flags INBOX 1000.a.x S
1> a SELECT INBOX
1< * FLAGS (\Draft \Answered \Flagged \Deleted \Seen \Recent)
1< * OK [PERMANENTFLAGS (\* \Draft \Answered \Flagged \Deleted \Seen)] Limited
1< * 2 EXISTS
1< * $_ RECENT
1< * OK [UIDVALIDITY $validity] Ok
1< * OK [UIDNEXT 3] Ok
1< * OK [UNSEEN 2] Ok
1< * OK [MAILBOXID (F$_)] Ok
1< * OK [HIGHESTMODSEQ $_] Ok
1< a OK [READ-WRITE] Ok
1> b SELECT inbox
1<* * OK [UIDVALIDITY $validity] Ok
1$ b OK [READ-WRITE] Ok
1> c FETCH 1:2 (UID FLAGS)
1< * 1 FETCH (UID 1 FLAGS (\Seen))
1< * 2 FETCH (UID 2 FLAGS (...))
1$ c OK FETCH completed.
@ls INBOX cur/1001.b.x*
@ls INBOX new/* 0
1> d STORE 2 +FLAGS (\Seen)
1$ d OK
1> e SELECT INBOX
1$ e OK
1! * OK [UNSEEN ...
2> a SELECT INBOX
2<* * OK [UIDVALIDITY $validity] Ok
2$ a OK
