# RFC 3501 6.3.2: EXAMINE changes nothing, neither flags nor \Recent
@deliver INBOX 1000.a.x
Subject: one

body
.
1> a EXAMINE INBOX
1< * FLAGS (\Draft \Answered \Flagged \Deleted \Seen \Recent)
1< * OK [PERMANENTFLAGS ()] No permanent flags permitted
1< * 1 EXISTS
1< * 1 RECENT
1$ a OK [READ-ONLY] Ok
@ls INBOX cur/1000.a.x:2,
1> b FETCH 1 BODY[TEXT]
1< * 1 FETCH (BODY[TEXT] {6}|body|)
1$ b OK FETCH completed.
1> c FETCH 1 FLAGS
1< * 1 FETCH (FLAGS (\Recent))
1$ c OK
1> d STORE 1 +FLAGS (\Deleted)
1< d NO Current box is selected READ-ONLY.
1> e EXPUNGE
1< e NO Cannot expunge read-only mailbox.
1> f MOVE 1 INBOX
1< f NO Current box is selected READ-ONLY.
1> g CLOSE
1< g OK mailbox closed.
@ls INBOX cur/1000.a.x:2,
1> h SELECT INBOX
1<* * 1 RECENT
1$ h OK [READ-WRITE] Ok
