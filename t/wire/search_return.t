# RFC 4731, RFC 5182: RETURN and the saved result
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
1> a SEARCH RETURN (MIN MAX COUNT ALL) ALL
1< * ESEARCH (TAG "a") MIN 1 MAX 3 ALL 1:3 COUNT 3
1< a OK SEARCH done.
1> b UID SEARCH RETURN () 1,3
1< * ESEARCH (TAG "b") UID ALL 1,3
1$ b OK
1> c SEARCH RETURN (MIN COUNT) SUBJECT nothing
1< * ESEARCH (TAG "c") COUNT 0
1$ c OK
1> d SEARCH RETURN (SAVE) 2:3
1< d OK SEARCH done.
1> e FETCH $ UID
1< * 2 FETCH (UID 2)
1< * 3 FETCH (UID 3)
1$ e OK
1> f UID FETCH $ UID
1< * 2 FETCH (UID 2)
1< * 3 FETCH (UID 3)
1$ f OK
1> g SEARCH $ SUBJECT third
1< * SEARCH 3
1$ g OK
1> h UID STORE 2 +FLAGS.SILENT (\Deleted)
1$ h OK
1> i EXPUNGE
1$ i OK
1> j FETCH $ UID
1< * 2 FETCH (UID 3)
1$ j OK
1> k SEARCH RETURN (SAVE MIN) ALL
1< * ESEARCH (TAG "k") MIN 1
1$ k OK
1> l STORE $ +FLAGS (\Flagged)
1< * 1 FETCH (FLAGS (\Flagged...))
1$ l OK
1> m SEARCH RETURN (SAVE) CHARSET X-BAD TEXT x
1$ m NO [BADCHARSET ...
1> n FETCH $ UID
1< n OK FETCH completed.
1> o SEARCH RETURN (SAVE COUNT) ALL
1< * ESEARCH (TAG "o") COUNT 2
1$ o OK
1> p SELECT INBOX
1$ p OK
1> q FETCH $ UID
1< q OK FETCH completed.
1> r SEARCH RETURN (NONSENSE) ALL
1$ r BAD ...
