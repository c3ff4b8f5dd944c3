# RFC 3501 6.3.6, 6.3.7, 6.3.9: SUBSCRIBE, UNSUBSCRIBE, LSUB
1> a CREATE INBOX.a
1$ a OK
1> b CREATE INBOX.a.b
1$ b OK
1> c SUBSCRIBE INBOX.a.b
1< c OK Folder subscribed.
1> d SUBSCRIBE INBOX.a.b
1< d OK Folder subscribed.
@has courierimapsubscribed INBOX.a.b
1> e LSUB "" *
1< * LSUB (\HasNoChildren) "." "INBOX.a.b"
1< e OK LSUB completed
1> f LSUB "" INBOX.%
1< * LSUB (\Noselect \HasChildren) "." "INBOX.a"
1< f OK LSUB completed
1> g SUBSCRIBE inbox
1< g OK Folder subscribed.
1> h LSUB "" %
1< * LSUB (\HasChildren) "." "INBOX"
1< h OK ...
1> i SUBSCRIBE INBOX.not.there
1< i OK Folder subscribed.
1> j LSUB "" INBOX.not*
1< * LSUB (\HasNoChildren) "." "INBOX.not.there"
1< j OK ...
1> k DELETE INBOX.a.b
1$ k OK
1> l LSUB "" *
1< * LSUB (...) "." "INBOX"
1< * LSUB (...) "." "INBOX.a.b"
1< * LSUB (...) "." "INBOX.not.there"
1< l OK ...
1> m UNSUBSCRIBE INBOX.a.b
1< m OK Folder unsubscribed.
1> n UNSUBSCRIBE INBOX.a.b
1< n OK Folder unsubscribed.
1> o LSUB "" INBOX.a*
1< o OK LSUB completed
1> p SUBSCRIBE "INBOX./x"
1< p NO [CANNOT] Invalid mailbox name.
# What no folder can be called: more than 20 levels
1> p1 SUBSCRIBE INBOX.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0
1< p1 OK Folder subscribed.
1> p2 SUBSCRIBE INBOX.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1
1< p2 NO [CANNOT] Invalid mailbox name.
1> p3 UNSUBSCRIBE INBOX.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0
1< p3 OK Folder unsubscribed.
1> q LSUB "" ""
1$ q OK
1> r SUBSCRIBE
1< r BAD ...
