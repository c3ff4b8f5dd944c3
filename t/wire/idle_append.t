# RFC 2177: APPEND, COPY and MOVE into a folder wake who waits on it
@mkdir a
@deliver a 1000.a.x
Subject: one

body
.
@text m
Subject: two

body
.
1> a SELECT INBOX
1$ a OK
1> b IDLE
1< + ...
2> a SELECT INBOX.a
2$ a OK
2> b APPEND INBOX (\Seen) {$#m}
2< + ...
2~ m
2> 
2$ b OK
1< * 1 EXISTS
1< * $_ RECENT
1< * 1 FETCH (FLAGS (\Seen...))
2> c COPY 1 INBOX
2$ c OK
1< * 2 EXISTS
1< * $_ RECENT
1< * 2 FETCH (FLAGS (...))
2> d MOVE 1 INBOX
2$ d OK
1< * 3 EXISTS
1< * $_ RECENT
1< * 3 FETCH (FLAGS (...))
1> DONE
1< b OK IDLE completed
