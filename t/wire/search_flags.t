# RFC 3501 6.4.4: SEARCH by flags, sets, and their combinations
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
1> a STORE 1 +FLAGS.SILENT (\Seen \Answered k1)
1$ a OK
1> b STORE 2 +FLAGS.SILENT (\Flagged \Draft \Deleted)
1$ b OK
1> c SEARCH ALL
1< * SEARCH 1 2 3
1< c OK SEARCH done.
1> d SEARCH ANSWERED
1< * SEARCH 1
1$ d OK
1> e SEARCH UNANSWERED
1< * SEARCH 2 3
1$ e OK
1> f SEARCH DELETED
1< * SEARCH 2
1$ f OK
1> g SEARCH UNDELETED
1< * SEARCH 1 3
1$ g OK
1> h SEARCH DRAFT
1< * SEARCH 2
1$ h OK
1> i SEARCH UNDRAFT
1< * SEARCH 1 3
1$ i OK
1> j SEARCH FLAGGED
1< * SEARCH 2
1$ j OK
1> k SEARCH UNFLAGGED
1< * SEARCH 1 3
1$ k OK
1> l SEARCH SEEN
1< * SEARCH 1
1$ l OK
1> m SEARCH UNSEEN
1< * SEARCH 2 3
1$ m OK
1> n SEARCH KEYWORD K1
1< * SEARCH 1
1$ n OK
1> o SEARCH UNKEYWORD k1
1< * SEARCH 2 3
1$ o OK
1> p SEARCH NOT SEEN NOT FLAGGED
1< * SEARCH 3
1$ p OK
1> q SEARCH OR SEEN FLAGGED
1< * SEARCH 1 2
1$ q OK
1> r SEARCH OR (SEEN ANSWERED) (OR DRAFT 3)
1< * SEARCH 1 2 3
1$ r OK
1> s SEARCH 2:3 UID 1:2
1< * SEARCH 2
1$ s OK
1> t SEARCH UID 3:*
1< * SEARCH 3
1$ t OK
1> u SEARCH 3:99
1< * SEARCH 3
1$ u OK
1> v UID SEARCH (1:* (NOT 2))
1< * SEARCH 1 3
1$ v OK
1> w SEARCH KEYWORD nothing
1< * SEARCH
1$ w OK
1> x SEARCH
1$ x BAD ...
1> y SEARCH NONSENSE
1$ y BAD ...
1> z SEARCH NOT
1$ z BAD ...
1> z1 SEARCH (ALL
1$ z1 BAD ...
1> z2 SEARCH OR SEEN
1$ z2 BAD ...
1> z3 SEARCH MODSEQ x
1$ z3 BAD ...
1> z4 SEARCH NEW
1$ z4 OK
