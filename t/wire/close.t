# RFC 3501 6.4.2, RFC 3691: CLOSE expunges silently, UNSELECT does not
@deliver INBOX 1000.a.x
Subject: one

body
.
@deliver INBOX 1001.b.x
Subject: two

body
.
@flags INBOX 1000.a.x T
1> a SELECT INBOX
1$ a OK
1> b UNSELECT
1< b OK UNSELECT completed.
@ls INBOX cur/* 2
1> c UNSELECT
1< c BAD ...
1> d SELECT INBOX
1$ d OK
1> e CLOSE
1< e OK mailbox closed.
@ls INBOX cur/* 1
@ls INBOX cur/1001.b.x* 1
1> f CHECK
1< f BAD ...
1> g EXAMINE INBOX
1<* * 1 EXISTS
1$ g OK
1> h CHECK
1$ h OK CHECK completed
1> i NOOP x
1< i BAD ...
