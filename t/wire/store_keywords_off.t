# RFC 3501 7.1: without keywords PERMANENTFLAGS has no \*
@setting IMAP_KEYWORDS=0
@deliver INBOX 1000.a.x
Subject: one

body
.
1> a SELECT INBOX
1< * FLAGS (\Draft \Answered \Flagged \Deleted \Seen \Recent)
1< * OK [PERMANENTFLAGS (\Draft \Answered \Flagged \Deleted \Seen)] Limited
1$ a OK
1> a2 SELECT INBOX
1$ a2 OK
1> b STORE 1 +FLAGS (work \Seen)
1< * 1 FETCH (FLAGS (\Seen))
1$ b OK
