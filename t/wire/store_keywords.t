# RFC 3501 2.3.2, 7.2.6: keywords; a new one is announced before it is used
@deliver INBOX 1000.a.x
Subject: one

body
.
1> a SELECT INBOX
1$ a OK
1> a2 SELECT INBOX
1$ a2 OK
1> b STORE 1 +FLAGS ($Label1 work)
1< * FLAGS ($Label1 work \Draft \Answered \Flagged \Deleted \Seen \Recent)
1< * OK [PERMANENTFLAGS ($Label1 work \* \Draft \Answered \Flagged \Deleted \Seen)] Limited
1< * 1 FETCH (FLAGS ($Label1 work))
1< b OK STORE completed.
1> c STORE 1 +FLAGS (\Seen work)
1< * 1 FETCH (FLAGS (\Seen $Label1 work))
1< c OK STORE completed.
1> d SEARCH KEYWORD work
1< * SEARCH 1
1$ d OK
1> e SEARCH UNKEYWORD $Label1
1< * SEARCH
1$ e OK
1> f STORE 1 -FLAGS ($Label1)
1<* * 1 FETCH (FLAGS (\Seen work))
1$ f OK
2> a SELECT INBOX
2< * FLAGS (...work ...)
2$ a OK
2> b FETCH 1 FLAGS
2< * 1 FETCH (FLAGS (\Seen work))
2$ b OK
1> g STORE 1 FLAGS (xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx)
1$ g NO [LIMIT] ...
