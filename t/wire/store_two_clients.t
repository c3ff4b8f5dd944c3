# RFC 3501 5.2, 7.4.2: one client's STORE is news to another
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
2> a SELECT INBOX
2$ a OK
1> b STORE 1 +FLAGS (\Flagged)
1$ b OK
2> b NOOP
2< * 1 FETCH (FLAGS (\Flagged))
2< b OK NOOP completed
2> c NOOP
2< c OK NOOP completed
1> c STORE 2 +FLAGS (new)
1$ c OK
2> d NOOP
2< * FLAGS (new ...)
2< * OK [PERMANENTFLAGS (new ...
2< * 2 FETCH (FLAGS (new))
2< d OK NOOP completed
1> d STORE 1:2 +FLAGS.SILENT (\Deleted)
1< d OK STORE completed.
2> e FETCH 1 FLAGS
2<* * 1 FETCH (FLAGS (\Flagged \Deleted))
2<* * 2 FETCH (FLAGS (\Deleted new))
2$ e OK
