# RFC 3501 6.4.7, RFC 4315: COPY and UID COPY
@mkdir a
@deliver INBOX 1000.a.x
Subject: one

body
.
@deliver INBOX 1001.b.x
Subject: two

body
.
1> a SELECT INBOX
1$ a OK
1> b STORE 1 FLAGS (\Seen kept)
1$ b OK
1> c COPY 1:2 INBOX.a
1< c OK [COPYUID $v 1:2 1:2] COPY completed.
1> d UID COPY 2 INBOX.a
1< d OK [COPYUID $v 2 3] COPY completed.
1> e COPY 1 INBOX.nowhere
1< e NO [TRYCREATE] Mailbox does not exist.
1> f COPY 3 INBOX.a
1< f BAD ...
1> g UID COPY 77 INBOX.a
1< g OK COPY completed.
1> h COPY 1 nowhere
1< h NO [CANNOT] ...
1> i COPY 2 INBOX
1<* * 3 EXISTS
1$ i OK [COPYUID $_ 2 3] COPY completed.
1> j SELECT INBOX.a
1<* * OK [UIDVALIDITY $v] Ok
1$ j OK
1> k FETCH 1:3 (UID FLAGS)
1< * 1 FETCH (UID 1 FLAGS (\Seen ...kept))
1< * 2 FETCH (UID 2 FLAGS (...))
1< * 3 FETCH (UID 3 FLAGS (...))
1$ k OK
1> l COPY 1
1$ l BAD ...
