# RFC 3501 6.4.3, RFC 4315: EXPUNGE and UID EXPUNGE
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
1> a SELECT INBOX
1$ a OK
1> b EXPUNGE
1< b OK EXPUNGE completed.
1> c STORE 1,2,4 +FLAGS.SILENT (\Deleted)
1$ c OK
1> d UID EXPUNGE 1,3
1< * 1 EXPUNGE
1< * 3 EXISTS
1< * $_ RECENT
1< d OK EXPUNGE completed.
1> e EXPUNGE
1< * 1 EXPUNGE
1< * 2 EXPUNGE
1< * 1 EXISTS
1< * $_ RECENT
1< e OK EXPUNGE completed.
1> f FETCH 1 UID
1< * 1 FETCH (UID 3)
1$ f OK
@ls INBOX cur/* 1
1> g EXPUNGE 1
1< g BAD ...
1> h UID EXPUNGE
1< h BAD ...
