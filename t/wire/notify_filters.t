# RFC 5465 section 6: filters, the first that fits counts
@only daemon
2> a CREATE INBOX.a
2$ a OK
2> a CREATE INBOX.a.b
2$ a OK
2> a CREATE INBOX.c
2$ a OK
2> a SUBSCRIBE INBOX.c
2$ a OK
1> b NOTIFY SET (mailboxes (INBOX.a) NONE) (subtree INBOX.a (MessageNew MessageExpunge))
1< b OK NOTIFY completed
2> c APPEND INBOX.a {5+}$<0d0a>hello
2$ c OK
2> c APPEND INBOX.c {5+}$<0d0a>hello
2$ c OK
2> c APPEND INBOX.a.b {5+}$<0d0a>hello
2$ c OK
1< * STATUS "INBOX.a.b" (MESSAGES 1 ...)
1=
1> d NOTIFY SET (subscribed (MessageNew MessageExpunge))
1< d OK NOTIFY completed
2> e APPEND INBOX.a {5+}$<0d0a>hello
2$ e OK
2> e APPEND INBOX.c {5+}$<0d0a>hello
2$ e OK
1< * STATUS "INBOX.c" (MESSAGES 2 ...)
2> f SUBSCRIBE INBOX.a
2$ f OK
2> f APPEND INBOX.a {5+}$<0d0a>hello
2$ f OK
1< * STATUS "INBOX.a" (MESSAGES 3 ...)
1> g NOTIFY SET STATUS (inboxes (MessageNew MessageExpunge))
1< * STATUS "INBOX" (MESSAGES 0 ...)
1< * STATUS "INBOX.a" (MESSAGES 3 ...)
1< * STATUS "INBOX.a.b" (MESSAGES 1 ...)
1< * STATUS "INBOX.c" (MESSAGES 2 ...)
1< g OK NOTIFY completed
# a mailbox that comes with messages; what is selected has no STATUS
1> h SELECT INBOX.a
1$ h OK
2> i CREATE INBOX.d
2$ i OK
2> i APPEND INBOX.a {5+}$<0d0a>hello
2$ i OK
2> i APPEND INBOX.d {5+}$<0d0a>hello
2$ i OK
1< * STATUS "INBOX.d" (MESSAGES 1 ...)
1> j NOOP
1<* * 4 EXISTS
1$ j OK
1> k UNSELECT
1$ k OK
2> l APPEND INBOX.d {5+}$<0d0a>hello
2$ l OK
1< * STATUS "INBOX.d" (MESSAGES 2 ...)
1=
