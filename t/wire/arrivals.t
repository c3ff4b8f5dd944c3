# RFC 3501 7.3.1, 7.3.2: EXISTS and RECENT of new messages
1> a SELECT INBOX
1<* * 0 EXISTS
1$ a OK
@deliver INBOX
Subject: one

body
.
1> b NOOP
1< * 1 EXISTS
1< * 1 RECENT
1< b OK NOOP completed
@deliver INBOX
Subject: two

body
.
1> c FETCH 1 UID
1<* * 1 FETCH (UID 1)
1<* * 2 EXISTS
1$ c OK
1> d FETCH 2 (UID FLAGS)
1< * 2 FETCH (UID 2 FLAGS (\Recent))
1$ d OK
