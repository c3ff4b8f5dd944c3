# RFC 6851: MOVE and UID MOVE
@mkdir a
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
1> a SELECT INBOX
1$ a OK
1> b MOVE 2 INBOX.a
1< * OK [COPYUID $v 2 1] Moved
1< * 2 EXPUNGE
1< * 2 EXISTS
1< * $_ RECENT
1< b OK MOVE completed.
1> c UID MOVE 1:3 INBOX.a
1< * OK [COPYUID $v 1,3 2:3] Moved
1< * 1 EXPUNGE
1< * 1 EXPUNGE
1< * 0 EXISTS
1< * 0 RECENT
1< c OK MOVE completed.
@ls INBOX cur/* 0
1> d UID MOVE 99 INBOX.a
1< d OK MOVE completed.
1> e MOVE 1 INBOX.a
1< e BAD ...
1> f SELECT INBOX.a
1$ f OK
1> g MOVE 1 INBOX.nowhere
1< g NO [TRYCREATE] ...
1> h MOVE 1 INBOX.a
1<* * 1 EXPUNGE
1$ h OK MOVE completed.
1> i FETCH 1:* UID
1< * 1 FETCH (UID 2)
1< * 2 FETCH (UID 3)
1< * 3 FETCH (UID 4)
1$ i OK
