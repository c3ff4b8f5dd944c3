# RFC 5256: SORT and UID SORT, each criterion, REVERSE, ties, charset
@deliver INBOX 1000.a.x
Date: Fri, 22 Feb 2008 02:00:00 +0200
From: Zoe <ann@example.org>
To: bob@example.org
Cc: dan@example.org
Subject: Re: [list] beta

.
@deliver INBOX 1001.b.x
Date: Fri, 22 Feb 2008 00:30:00 +0000
From: carl@example.org
To: Ann@example.org
Subject: alpha (fwd)

A longer body than that of the others.
.
@deliver INBOX 1002.c.x
Date: Fri, 22 Feb 2008 01:00:00 +0300
From: Bob@example.org
Subject: =?utf-8?q?ALPHA?=

.
1> a SELECT INBOX
1$ a OK
1> b UID STORE 2 +FLAGS.SILENT (\Flagged)
1$ b OK
1> c SORT (SUBJECT) UTF-8 ALL
1< * SORT 2 3 1
1< c OK SORT done.
1> d SORT (REVERSE SUBJECT) UTF-8 ALL
1< * SORT 1 2 3
1$ d OK
1> e SORT (SUBJECT REVERSE DATE) US-ASCII ALL
1< * SORT 2 3 1
1$ e OK
1> f SORT (SUBJECT DATE) "us-ascii" ALL
1< * SORT 3 2 1
1$ f OK
1> g SORT (DATE) UTF-8 ALL
1< * SORT 3 1 2
1$ g OK
1> h SORT (REVERSE DATE) UTF-8 1:2
1< * SORT 2 1
1$ h OK
1> i SORT (FROM) UTF-8 ALL
1< * SORT 1 3 2
1$ i OK
1> j SORT (TO) UTF-8 ALL
1< * SORT 3 2 1
1$ j OK
1> k SORT (REVERSE CC) UTF-8 ALL
1< * SORT 1 2 3
1$ k OK
1> l SORT (REVERSE SIZE) UTF-8 ALL
1< * SORT 2 1 3
1$ l OK
1> m SORT (SUBJECT) UTF-8 FLAGGED
1< * SORT 2
1$ m OK
1> n SORT (SUBJECT) US-ASCII TEXT "not in mailbox"
1< * SORT
1< n OK SORT done.
1> o SORT (SUBJECT) X-UNKNOWN ALL
1$ o NO [BADCHARSET (UTF-8 US-ASCII)] ...
1> p SORT (SUBJECT) UTF-8
1$ p BAD ...
1> q SORT () UTF-8 ALL
1$ q BAD ...
1> r SORT (TO TO TO TO TO TO TO TO TO TO TO TO TO TO TO TO) UTF-8 ALL
1< * SORT 3 2 1
1$ r OK
1> s SORT (TO TO TO TO TO TO TO TO TO TO TO TO TO TO TO TO TO) UTF-8 ALL
1$ s BAD [LIMIT] ...
# UIDs; what another one expunges is told after a UID SORT only
2> a SELECT INBOX
2$ a OK
2> b UID STORE 1 +FLAGS.SILENT (\Deleted)
2$ b OK
2> c EXPUNGE
2$ c OK
1> t SORT (ARRIVAL) UTF-8 2:3
1! * 1 EXPUNGE
1<* * SORT ...
1$ t OK
1> u UID SORT (SUBJECT DATE) UTF-8 ALL
1<* * SORT 3 2
1<* * 1 EXPUNGE
1$ u OK
1> v SORT (SUBJECT DATE) UTF-8 ALL
1< * SORT 2 1
1$ v OK
1> w ENABLE UTF8=ACCEPT
1$ w OK
1> x UID SORT (SUBJECT DATE) UTF-8 SUBJECT "ALPHA"
1< * SORT 3 2
1$ x OK
1> y UNSELECT
1$ y OK
1> z SORT (DATE) UTF-8 ALL
1$ z BAD ...
