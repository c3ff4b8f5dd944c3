# RFC 2177: what programs do that know nothing of us wakes who waits
@deliver INBOX 1000.a.x
Subject: one

body
.
1> a SELECT INBOX
1$ a OK
1> a2 SELECT INBOX
1$ a2 OK
1> b IDLE
1< + entering ENHANCED idle mode
@flags INBOX 1000.a.x FS
1< * 1 FETCH (FLAGS (\Flagged \Seen))
@deliver INBOX 1001.b.x
Subject: two

body
.
1< * 2 EXISTS
1< * 1 RECENT
1< * 2 FETCH (FLAGS (\Recent))
@unlink INBOX 1000.a.x
1< * 1 EXPUNGE
1< * 1 EXISTS
1< * 1 RECENT
1> DONE
1< b OK IDLE completed
