# RFC 2180 4.1: FETCH of messages whose files went away
@deliver INBOX 1000.a.x
Subject: one

body
.
@deliver INBOX 1001.b.x
Subject: two

body
.
1> a SELECT INBOX
1$ a OK
@unlink INBOX 1000.a.x
1> b FETCH 1:2 BODY.PEEK[TEXT]
1< * 2 FETCH (BODY[TEXT] {6}|body|)
1< b OK [EXPUNGEISSUED] FETCH completed.
1> c NOOP
1$ c OK
@sleep 100
1> d NOOP
1$ d OK
1> e FETCH 1:* UID
1< * 1 FETCH (UID 2)
1$ e OK
