# RFC 2177: Courier's check of realtime updates: three wait, a fourth changes
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
3> a SELECT INBOX
3$ a OK
4> a SELECT INBOX
4$ a OK
1> b IDLE
1< + entering ENHANCED idle mode
2> b IDLE
2< + entering ENHANCED idle mode
3> b IDLE
3< + entering ENHANCED idle mode
4> b STORE 1 +FLAGS (\Deleted)
4$ b OK
1< * 1 FETCH (FLAGS (...\Deleted...))
2< * 1 FETCH (FLAGS (\Deleted))
3< * 1 FETCH (FLAGS (\Deleted))
4> c STORE 1 -FLAGS (\Deleted)
4$ c OK
1< * 1 FETCH (FLAGS (...))
1! ...\Deleted...\Deleted...
2< * 1 FETCH (FLAGS ())
3< * 1 FETCH (FLAGS ())
4> d STORE 1 +FLAGS (\Deleted)
4$ d OK
1< * 1 FETCH (FLAGS (...\Deleted...))
2< * 1 FETCH (FLAGS (\Deleted))
3< * 1 FETCH (FLAGS (\Deleted))
4> e EXPUNGE
4< * 1 EXPUNGE
4$ e OK
1< * 1 EXPUNGE
1< * 1 EXISTS
1< * $_ RECENT
2< * 1 EXPUNGE
2< * 1 EXISTS
2< * 0 RECENT
3< * 1 EXPUNGE
3< * 1 EXISTS
3< * 0 RECENT
@deliver INBOX 1002.c.x
Subject: three

body
.
1< * 2 EXISTS
1< * $_ RECENT
1< * 2 FETCH (FLAGS (...))
2< * 2 EXISTS
2< * $_ RECENT
2< * 2 FETCH (FLAGS (...))
3< * 2 EXISTS
3< * $_ RECENT
3< * 2 FETCH (FLAGS (...))
4> f STORE 1 +FLAGS (work)
4$ f OK
1< * FLAGS (work ...)
1< * OK [PERMANENTFLAGS (work ...)] Limited
1< * 1 FETCH (FLAGS (...work))
2< * FLAGS (work ...)
2< * OK [PERMANENTFLAGS (work ...)] Limited
2< * 1 FETCH (FLAGS (work))
3< * FLAGS (work ...)
3< * OK [PERMANENTFLAGS (work ...)] Limited
3< * 1 FETCH (FLAGS (work))
1> DONE
1< b OK IDLE completed
2> DONE
2< b OK IDLE completed
3> DONE
3< b OK IDLE completed
