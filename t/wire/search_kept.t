# RFC 3501 6.4.4, RFC 5256: what was made of headers once is found again, in any session, until they go
@deliver INBOX 1000.a.x
From: "Ann B" <ann@example.net>
To: Bob <bob@example.org>
Cc: zoe@example.org
Subject: Re: =?utf-8?q?Stra=C3=9Fe?= one
Date: Mon, 7 Feb 1994 21:52:25 -0800
Message-ID: <one@example.net>
List-Id: talk <talk.example.net>
Received: by somebody

body
.
@deliver INBOX 1001.b.x
From: carl@example.net
Subject: two
Date: Sun, 6 Feb 1994 01:00:00 +0000
Message-ID: <two@example.net>
References: <one@example.net>
Content-Type: text/html

<p>
.
1> a SELECT INBOX
1$ a OK
1> b SEARCH CHARSET UTF-8 SUBJECT "strasse"
1< * SEARCH 1
1$ b OK
1> c SEARCH FROM "ann b <ann@"
1< * SEARCH 1
1$ c OK
1> d SORT (DATE) UTF-8 ALL
1< * SORT 2 1
1$ d OK
1> e SORT (REVERSE SUBJECT) UTF-8 ALL
1< * SORT 2 1
1$ e OK
1> f THREAD REFERENCES UTF-8 ALL
1< * THREAD (1 2)
1$ f OK
1> g NOOP
1$ g OK
# again, here and elsewhere
1> h SEARCH SENTSINCE 7-Feb-1994
1< * SEARCH 1
1$ h OK
2> a SELECT INBOX
2$ a OK
2> b SEARCH CHARSET UTF-8 SUBJECT "strasse" TO bob CC zoe NOT BCC ""
2< * SEARCH 1
2$ b OK
2> c SEARCH FROM carl SUBJECT TWO
2< * SEARCH 2
2$ c OK
2> d SEARCH HEADER List-Id talk.example
2< * SEARCH 1
2$ d OK
2> e SEARCH HEADER Received somebody
2< * SEARCH 1
2$ e OK
2> e2 SEARCH HEADER CC "" OR TEXT body BODY <p>
2< * SEARCH 1
2$ e2 OK
2> f SORT (DATE) UTF-8 ALL
2< * SORT 2 1
2$ f OK
2> g SORT (FROM) UTF-8 ALL
2< * SORT 1 2
2$ g OK
2> h THREAD REFS UTF-8 ALL
2< * THREAD (1 2)
2$ h OK
2> i SEARCH SENTBEFORE 7-Feb-1994
2< * SEARCH 2
2$ i OK
2> i2 SEARCH SENTON 7-Feb-1994
2< * SEARCH 1
2$ i2 OK
# a flag is another name of the same bytes; a new message has none of the old's
2> j STORE 1 +FLAGS (\Seen \Deleted)
2$ j OK
2> k EXPUNGE
2$ k OK
@deliver INBOX 1002.c.x
Subject: three
From: dora@example.net

body
.
2> l NOOP
2$ l OK
2> m SEARCH SUBJECT t
2< * SEARCH 1 2
2$ m OK
2> n SEARCH FROM ann
2< * SEARCH
2$ n OK
2> o SORT (REVERSE FROM) UTF-8 ALL
2< * SORT 2 1
2$ o OK
