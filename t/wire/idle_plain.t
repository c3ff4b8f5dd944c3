# IMAP_ENHANCEDIDLE=0: only a look every IMAP_IDLE_TIMEOUT seconds
@setting IMAP_ENHANCEDIDLE=0
@setting IMAP_IDLE_TIMEOUT=1
1> a SELECT INBOX
1$ a OK
1> b IDLE
1< + entering idle mode
@deliver INBOX 1000.a.x
Subject: one

body
.
1< * 1 EXISTS
1< * 1 RECENT
1< * 1 FETCH (FLAGS (\Recent))
1> DONE
1< b OK IDLE completed
