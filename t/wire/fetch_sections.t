# RFC 3501 6.4.5: sections of BODY[...], parts, partials
@text m
Date: Wed, 17 Jul 2024 02:23:25 -0700
From: "Terry Gray" <gray@cac.example>
To: imap@cac.example, "B, C" <bc@example.org>
Cc: x@example.net
Subject: IMAP4 =?utf-8?q?gr=C3=BC=C3=9Fe?=
Message-ID: <B27397-0100000@cac.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=bb

preamble
--bb
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Hello =C3=A4
second line
--bb
Content-Type: message/rfc822

Subject: inner
From: in@example.org

inner body
--bb
Content-Type: application/octet-stream; name=f.bin
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=f.bin

AAECAw==
--bb--
.
1> x APPEND INBOX {$#m}
1< + ...
1~ m
1> 
1$ x OK
1> y SELECT INBOX
1$ y OK
1> z SELECT INBOX
1$ z OK
1> a FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT DATE)]
1< * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT DATE)] {$_}|Date: Wed, 17 Jul 2024 02:23:25 -0700|Subject: IMAP4 =?utf-8?q?gr=C3=BC=C3=9Fe?=||)
1$ a OK
1> b FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (date from to cc message-id mime-version content-type)]
1< * 1 FETCH (BODY[HEADER.FIELDS.NOT (date from to cc message-id mime-version content-type)] {$_}|Subject: IMAP4 =?utf-8?q?gr=C3=BC=C3=9Fe?=||)
1$ b OK
1> c FETCH 1 BODY.PEEK[HEADER]
1< * 1 FETCH (BODY[HEADER] {$_}|Date: ...boundary=bb||)
1$ c OK
1> d FETCH 1 BODY.PEEK[TEXT]
1< * 1 FETCH (BODY[TEXT] {$_}|preamble|--bb|...|--bb--|)
1$ d OK
1> e FETCH 1 BODY.PEEK[]
1< * 1 FETCH (BODY[] {$#m}|Date: ...--bb--|)
1$ e OK
1> f FETCH 1 BODY.PEEK[1]
1< * 1 FETCH (BODY[1] {25}|Hello =C3=A4|second line)
1$ f OK
1> g FETCH 1 BODY.PEEK[1.MIME]
1< * 1 FETCH (BODY[1.MIME] {$_}|Content-Type: text/plain; charset=utf-8|Content-Transfer-Encoding: quoted-printable||)
1$ g OK
1> h FETCH 1 BODY.PEEK[2.HEADER]
1< * 1 FETCH (BODY[2.HEADER] {$_}|Subject: inner|From: in@example.org||)
1$ h OK
1> i FETCH 1 BODY.PEEK[2.TEXT]
1< * 1 FETCH (BODY[2.TEXT] {10}|inner body)
1$ i OK
1> j FETCH 1 BODY.PEEK[2.1]
1< * 1 FETCH (BODY[2.1] {10}|inner body)
1$ j OK
1> k FETCH 1 BODY.PEEK[2]
1< * 1 FETCH (BODY[2] {$_}|Subject: inner|From: in@example.org||inner body)
1$ k OK
1> l FETCH 1 BODY.PEEK[3]
1< * 1 FETCH (BODY[3] {8}|AAECAw==)
1$ l OK
1> m FETCH 1 BODY.PEEK[4]
1< * 1 FETCH (BODY[4] NIL)
1$ m OK
1> n FETCH 1 BODY.PEEK[2.HEADER.FIELDS (From)]
1< * 1 FETCH (BODY[2.HEADER.FIELDS (From)] {$_}|From: in@example.org||)
1$ n OK
1> o FETCH 1 BODY.PEEK[1]<6.5>
1< * 1 FETCH (BODY[1]<6> {5}|=C3=A)
1$ o OK
1> p FETCH 1 BODY.PEEK[1]<0.1000>
1< * 1 FETCH (BODY[1]<0> {25}|Hello =C3=A4|second line)
1$ p OK
1> q FETCH 1 BODY.PEEK[1]<25.1>
1< * 1 FETCH (BODY[1]<25> {0}|)
1$ q OK
1> r FETCH 1 BODY.PEEK[1]<4294967295.4294967295>
1< * 1 FETCH (BODY[1]<4294967295> {0}|)
1$ r OK
1> s FETCH 1 BODY.PEEK[]<11.3>
1< * 1 FETCH (BODY[]<11> {3}|17 )
1$ s OK
1> t FETCH 1 (BODY.PEEK[1] UID BODY.PEEK[3])
1< * 1 FETCH (BODY[1] {25}|Hello =C3=A4|second line UID 1 BODY[3] {8}|AAECAw==)
1$ t OK
1> u FETCH 1 BODY.PEEK[HEADER.FIELDS (X-NONE)]
1< * 1 FETCH (BODY[HEADER.FIELDS (X-NONE)] {2}||)
1$ u OK
1> v FETCH 1 BODY[0]
1$ v BAD ...
1> w FETCH 1 BODY[1
1$ w BAD ...
1> x FETCH 1 BODY[MIME]
1$ x BAD ...
1> y FETCH 1 BODY[]<0.0>
1$ y BAD ...
1> z FETCH 1 BODY.PEEK[2.1.MIME]
1< * 1 FETCH (BODY[2.1.MIME] {$_}|...)
1$ z OK
