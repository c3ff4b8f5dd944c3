# RFC 3501 section 9: sequence sets
@deliver INBOX 1000.a.x
Subject: one

.
@deliver INBOX 1001.b.x
Subject: two

.
@deliver INBOX 1002.c.x
Subject: three

.
1> a SELECT INBOX
1$ a OK
1> b FETCH 3:1 UID
1< * 1 FETCH (UID 1)
1< * 2 FETCH (UID 2)
1< * 3 FETCH (UID 3)
1$ b OK
1> c FETCH *:2 UID
1< * 2 FETCH (UID 2)
1< * 3 FETCH (UID 3)
1$ c OK
1> d FETCH 2,1,2:2 UID
1< * 1 FETCH (UID 1)
1< * 2 FETCH (UID 2)
1$ d OK
1> e FETCH *:* UID
1< * 3 FETCH (UID 3)
1$ e OK
1> f UID FETCH 10:* UID
1< * 3 FETCH (UID 3)
1$ f OK
1> g UID FETCH 10 UID
1< g OK FETCH completed.
1> h FETCH 4 UID
1< h BAD ...
1> i FETCH 1:4294967295 UID
1< i BAD ...
1> j UID FETCH 4294967295:1 UID
1< * 1 FETCH (UID 1)
1< * 2 FETCH (UID 2)
1< * 3 FETCH (UID 3)
1$ j OK
1> k STORE 1:* +FLAGS.SILENT (\Deleted)
1$ k OK
1> l EXPUNGE
1$ l OK
1> m FETCH 1:* UID
1< m OK FETCH completed.
1> n FETCH 1 UID
1< n BAD ...
1> o UID FETCH 1:* UID
1< o OK FETCH completed.
1> p SEARCH ALL
1< * SEARCH
1$ p OK
