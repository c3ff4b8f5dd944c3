# RFC 3501 6.4.8: UIDs stay when sequence numbers move
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
1> b UID STORE 1 +FLAGS.SILENT (\Deleted)
1< b OK STORE completed.
1> c EXPUNGE
1$ c OK
1> d UID FETCH 2 (FLAGS)
1< * 1 FETCH (UID 2 FLAGS (...))
1$ d OK
1> e UID FETCH 1:* (UID RFC822.SIZE)
1< * 1 FETCH (UID 2 RFC822.SIZE 22)
1$ e OK
1> f UID SEARCH ALL
1< * SEARCH 2
1$ f OK
1> g UID STORE 2 FLAGS (\Seen)
1< * 1 FETCH (UID 2 FLAGS (\Seen...))
1$ g OK
