# RFC 8514: the save date is when a message came into this mailbox, not its INTERNALDATE
@deliver INBOX 1420048800.a.x
Subject: saved on the last day of 2014

body
.
1> a CREATE INBOX.Trash2
1$ a OK
1> b SELECT INBOX
1$ b OK
@deliver INBOX odd
Subject: a name without a time

body
.
1> b2 NOOP
1$ b2 OK
1> c FETCH 1 (SAVEDATE)
1< * 1 FETCH (SAVEDATE "$day-$month-201$y $_ $_")
1$ c OK
1> d FETCH 2 (UID SAVEDATE)
1< * 2 FETCH (UID 2 SAVEDATE NIL)
1$ d OK
1> e SEARCH SAVEDBEFORE 5-Jan-2015
1< * SEARCH 1
1$ e OK
1> f SEARCH SAVEDSINCE 5-Jan-2015
# where there is none, INTERNALDATE counts: it is from today
1< * SEARCH 2
1$ f OK
1> g SEARCH SAVEDATESUPPORTED
1< * SEARCH 1 2
1$ g OK
1> h SEARCH SAVEDON 28-Dec-2010
1< * SEARCH
1$ h OK
# a copy is saved anew
1> j COPY 1 INBOX.Trash2
1$ j OK
1> k EXAMINE INBOX.Trash2
1$ k OK
1> l SEARCH SAVEDBEFORE 5-Jan-2015
1< * SEARCH
1$ l OK
1> m SEARCH SAVEDSINCE 5-Jan-2015 SINCE 5-Jan-2015
1< * SEARCH 1
1$ m OK
# an APPEND with a date of its own, too
1> n APPEND INBOX.Trash2 "1-Jan-2001 00:00:00 +0000" {20+}
1> Subject: y
1> 
1> body
1> 
1$ n OK
1> o NOOP
1$ o OK
1> p SEARCH BEFORE 5-Jan-2002 SAVEDSINCE 5-Jan-2015
1< * SEARCH 2
1$ p OK
1> q SEARCH SAVEDATE
1$ q BAD
