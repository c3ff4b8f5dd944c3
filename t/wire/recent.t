# RFC 3501 2.3.2: \Recent is for one session only, and not for EXAMINE
@deliver INBOX
Subject: one

body
.
1> a EXAMINE INBOX
1<* * 1 RECENT
1$ a OK
2> a SELECT INBOX
2<* * 1 RECENT
2$ a OK
3> a SELECT INBOX
3<* * 0 RECENT
3$ a OK
2> b SEARCH RECENT
2< * SEARCH 1
2$ b OK
2> c SEARCH NEW
2< * SEARCH 1
2$ c OK
3> b SEARCH RECENT
3< * SEARCH
3$ b OK
3> c SEARCH OLD
3< * SEARCH 1
3$ c OK
2> d SELECT INBOX
2<* * 0 RECENT
2$ d OK
