# RFC 3501 6.4.6: STORE, its three forms and .SILENT
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
1> a2 SELECT INBOX
1$ a2 OK
1> b STORE 1 +FLAGS (\Seen \Deleted)
1< * 1 FETCH (FLAGS (\Seen \Deleted))
1< b OK STORE completed.
@ls INBOX cur/1000.a.x*:2,ST
1> c STORE 1 -FLAGS \Deleted
1< * 1 FETCH (FLAGS (\Seen))
1< c OK STORE completed.
1> d STORE 1:2 FLAGS (\Answered \Draft \Flagged)
1< * 1 FETCH (FLAGS (\Draft \Flagged \Answered))
1< * 2 FETCH (FLAGS (\Draft \Flagged \Answered))
1< d OK STORE completed.
1> e STORE 1:2 FLAGS.SILENT ()
1< e OK STORE completed.
1> f STORE 2 +FLAGS.SILENT (\Seen)
1< f OK STORE completed.
1> g FETCH 1:2 FLAGS
1< * 1 FETCH (FLAGS ())
1< * 2 FETCH (FLAGS (\Seen))
1$ g OK
1> h UID STORE 2 -FLAGS (\Seen)
1< * 2 FETCH (UID 2 FLAGS ())
1< h OK STORE completed.
1> i UID STORE 1000 +FLAGS (\Seen)
1< i OK STORE completed.
1> j STORE 3 +FLAGS (\Seen)
1< j BAD ...
1> k STORE 1 +FLAGS (\Recent)
1< k BAD ...
1> l STORE 1 +FLAGS (\Nonsense)
1! * ...
1$ l BAD ...
1> m STORE 1 FLAGS
1< m BAD ...
1> n STORE 1 (UNCHANGEDSINCE x) FLAGS ()
1< n BAD ...
1> o STORE 1 +FLAGS \Seen
1< * 1 FETCH (FLAGS (\Seen))
1< o OK STORE completed.
1> p STORE 1 +FLAGS (\Seen)
1< * 1 FETCH (FLAGS (\Seen))
1< p OK STORE completed.
