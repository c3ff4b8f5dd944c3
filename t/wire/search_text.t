# RFC 3501 6.4.4: SEARCH in headers and bodies, decoded and folded
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
1> a SEARCH FROM alice
1< * SEARCH 1
1$ a OK
1> b SEARCH FROM EXAMPLE.ORG
1< * SEARCH 1 2
1$ b OK
1> c SEARCH TO bob@
1< * SEARCH 1
1$ c OK
1> d SEARCH CC carol
1< * SEARCH 1
1$ d OK
1> e SEARCH BCC "dave@example.com"
1< * SEARCH 1
1$ e OK
1> f SEARCH SUBJECT "FROM THE SOUTH"
1< * SEARCH 1
1$ f OK
1> h SEARCH CHARSET UTF-8 SUBJECT {7+}$<0d0a>grüße
1< * SEARCH 1
1$ h OK
1> i SEARCH CHARSET UTF-8 SUBJECT GRUESSE
1< * SEARCH
1$ i OK
1> j SEARCH CHARSET ISO-8859-1 SUBJECT {5+}$<0d0a>gr$<fc>ss
1< * SEARCH 1
1$ j OK
1> k SEARCH CHARSET UTF-8 BODY strasse
1< * SEARCH 2
1$ k OK
1> l SEARCH CHARSET UTF-8 BODY {5+}$<0d0a>CAFÉ
1< * SEARCH 2
1$ l OK
1> m SEARCH BODY "brown fox"
1< * SEARCH 1
1$ m OK
1> n SEARCH BODY south
1< * SEARCH
1$ n OK
1> o SEARCH TEXT south
1< * SEARCH 1
1$ o OK
1> p SEARCH TEXT dog
1< * SEARCH 3
1$ p OK
1> q SEARCH HEADER X-Test yes
1< * SEARCH 1
1$ q OK
1> r SEARCH HEADER X-Test ""
1< * SEARCH 1
1$ r OK
1> s SEARCH HEADER DATE ""
1< * SEARCH 1 2
1$ s OK
1> t SEARCH HEADER X-None ""
1< * SEARCH
1$ t OK
1> u SEARCH NOT TEXT fox FROM carol
1< * SEARCH 3
1$ u OK
1> v SEARCH CHARSET X-UNKNOWN TEXT fox
1< v NO [BADCHARSET (UTF-8 US-ASCII)] The requested character set is not supported.
1> w SEARCH CHARSET UTF-8 TEXT {2+}$<0d0a>$<c3>$<28>
1< w NO [BADCHARSET (UTF-8 US-ASCII)] ...
1> x SEARCH CHARSET US-ASCII TEXT fox
1< * SEARCH 1
1$ x OK
1> y FETCH 1:3 FLAGS
1! ...\Seen...
1$ y OK
1! ...\Seen...
