# RFC 3501 5.2: what other programs do to the Maildir is seen
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
@flags INBOX 1000.a.x FS
@sleep 30
1> b NOOP
1< * 1 FETCH (FLAGS (\Flagged \Seen...))
1$ b OK
@unlink INBOX 1000.a.x
@sleep 30
1> c NOOP
1$ c OK
@sleep 100
1> d CHECK
1$ d OK
1> e FETCH 1:* UID
1< * 1 FETCH (UID 2)
1$ e OK
