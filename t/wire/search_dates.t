# RFC 3501 6.4.4: SEARCH by dates and sizes
@deliver INBOX 1000.a.x
Date: Mon, 1 Jan 2024 23:30:00 -1100
From: Alice <alice@example.org>
To: bob@example.org
Cc: carol@example.net
Bcc: dave@example.com
Subject: =?iso-8859-1?q?Gr=FC=DFe?= from the south
X-Test: yes

The quick brown fox.
.
@deliver INBOX 1001.b.x
Date: Tue, 2 Jan 2024 10:00:00 +0000
From: Bob <bob@example.org>
To: alice@example.org
Subject: second
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Stra=DFe and caf=E9, a message longer than the first one is.
.
@deliver INBOX 1002.c.x
From: Carol <carol@example.net>
Subject: third

lazy dog
.
1> y SELECT INBOX
1$ y OK
1> z SELECT INBOX
1$ z OK
@text m
Subject: old

x
.
1> x APPEND INBOX "05-Mar-2020 12:00:00 +0000" {$#m}
1< + ...
1~ m
1> 
1$ x OK
1> a SEARCH BEFORE 6-Mar-2020
1< * SEARCH 4
1$ a OK
1> b SEARCH ON "5-Mar-2020"
1< * SEARCH 4
1$ b OK
1> c SEARCH SINCE 6-Mar-2020
1< * SEARCH 1 2 3
1$ c OK
1> d SEARCH BEFORE 5-Mar-2020
1< * SEARCH
1$ d OK
1> e SEARCH SENTON 1-Jan-2024
1< * SEARCH 1
1$ e OK
1> f SEARCH SENTSINCE 2-Jan-2024
1< * SEARCH 2
1$ f OK
1> g SEARCH SENTBEFORE 2-Jan-2024
1< * SEARCH 1
1$ g OK
1> h SEARCH LARGER $#m
1< * SEARCH 1 2 3
1$ h OK
1> i SEARCH SMALLER $#m
1< * SEARCH
1$ i OK
1> j SEARCH NOT LARGER $#m NOT SMALLER $#m
1< * SEARCH 4
1$ j OK
1> k SEARCH SINCE 31-Feb-2020
1$ k BAD ...
1> l SEARCH SINCE yesterday
1$ l BAD ...
1> m SEARCH YOUNGER 1000
1< * SEARCH 1 2 3
1$ m OK
1> n SEARCH OLDER 1000
1< * SEARCH 4
1$ n OK
