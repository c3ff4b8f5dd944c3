# RFC 3501 7.4.1: no EXPUNGE during FETCH, STORE and SEARCH; with UID it may be
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
2> a SELECT INBOX
2$ a OK
2> b STORE 1 +FLAGS.SILENT (\Deleted)
2$ b OK
2> c EXPUNGE
2< * 1 EXPUNGE
2$ c OK
1> b FETCH 2 UID
1< * 2 FETCH (UID 2)
1$ b OK
1! * 1 EXPUNGE
1> c STORE 3 +FLAGS (\Seen)
1<* * 3 FETCH (FLAGS (\Seen...))
1$ c OK
1! * 1 EXPUNGE
1> d SEARCH ALL
1< * SEARCH 2 3
1$ d OK
1! * 1 EXPUNGE
1> e FETCH 1 FLAGS
1< e OK [EXPUNGEISSUED] FETCH completed.
1> f FETCH 1:3 BODY.PEEK[HEADER.FIELDS (SUBJECT)]
1< * 2 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {16}|Subject: two||)
1< * 3 FETCH (...
1$ f OK [EXPUNGEISSUED] FETCH completed.
1> g STORE 1 +FLAGS (\Seen)
1< g NO [EXPUNGEISSUED] STORE: some of the messages have been deleted.
1> h COPY 1 INBOX
1<* * 1 EXPUNGE
1$ h NO [EXPUNGEISSUED] ...
1> i FETCH 1 UID
1< * 1 FETCH (UID 2)
1$ i OK
2> d STORE 1 +FLAGS.SILENT (\Deleted)
2$ d OK
2> e EXPUNGE
2$ e OK
1> j UID FETCH 1:* FLAGS
1<* * 2 FETCH (UID 3 FLAGS (\Seen...))
1<* * 1 EXPUNGE
1<* * 1 EXISTS
1$ j OK
