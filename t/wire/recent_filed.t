# RFC 3501 2.3.2, 6.3.11: what APPEND and COPY file is \Recent for one alone
# who looks first is told below: no session looks for a client that it parks
@setting IMAP_PARK=0
# the index has to know the folder
1> z STATUS INBOX (RECENT)
1< * STATUS "INBOX" (RECENT 0)
1$ z OK
1> a APPEND INBOX (\Seen) {3+}
1~ 3
1> 
1< a OK [APPENDUID $_ 1] APPEND Ok.
1> b APPEND INBOX {3+}
1~ 3
1> 
1< b OK [APPENDUID $_ 2] APPEND Ok.
@ls INBOX new/* 0
@ls INBOX cur/*:2,S 1
@ls INBOX cur/*:2, 1
1> c STATUS INBOX (RECENT)
1< * STATUS "INBOX" (RECENT 2)
1$ c OK
2> a EXAMINE INBOX
2<* * 2 RECENT
2$ a OK
2> b FETCH 1:2 FLAGS
2< * 1 FETCH (FLAGS (\Seen \Recent))
2< * 2 FETCH (FLAGS (\Recent))
2$ b OK
3> a SELECT INBOX
3<* * 2 RECENT
3$ a OK
3> b FETCH 1:2 FLAGS
3< * 1 FETCH (FLAGS (\Seen \Recent))
3< * 2 FETCH (FLAGS (\Recent))
3$ b OK
4> a SELECT INBOX
4<* * 0 RECENT
4$ a OK
1> d STATUS INBOX (RECENT)
1< * STATUS "INBOX" (RECENT 0)
1$ d OK
# three have it open: the first one that looks
1> e APPEND INBOX {3+}
1~ 3
1> 
1< e OK [APPENDUID $_ 3] APPEND Ok.
2> c NOOP
2<* * 3 RECENT
2$ c OK
4> b NOOP
4< * 3 EXISTS
4< * 1 RECENT
4$ b OK
3> c NOOP
3< * 3 EXISTS
3< * 2 RECENT
3$ c OK
4> c SEARCH RECENT
4< * SEARCH 3
4$ c OK
3> d SEARCH RECENT
3< * SEARCH 1 2
3$ d OK
# a copy, and one into the own folder
3> e CREATE INBOX.a
3< e OK ...
1> z STATUS INBOX.a (RECENT)
1< * STATUS "INBOX.a" (RECENT 0)
1$ z OK
3> f COPY 1:2 INBOX.a
3< f OK [COPYUID ...
1> f STATUS INBOX.a (RECENT)
1< * STATUS "INBOX.a" (RECENT 2)
1$ f OK
4> d SELECT INBOX.a
4<* * 2 RECENT
4$ d OK
3> g STATUS INBOX.a (RECENT)
3< * STATUS "INBOX.a" (RECENT 0)
3$ g OK
4> e COPY 1 INBOX.a
4<* * 3 RECENT
4$ e OK [COPYUID ...
3> h SELECT INBOX.a
3<* * 0 RECENT
3$ h OK
