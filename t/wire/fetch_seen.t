# RFC 3501 6.4.5: RFC822 items, and which items set \Seen
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
2> a SELECT INBOX
2$ a OK
1> a FETCH 1 (RFC822.HEADER RFC822.SIZE BODY.PEEK[1] ENVELOPE BODYSTRUCTURE)
1< * 1 FETCH (RFC822.HEADER {$_}|Date: ...
1$ a OK
1> b FETCH 1 FLAGS
1< * 1 FETCH (FLAGS ())
1$ b OK
1> c FETCH 1 RFC822.TEXT
1< * 1 FETCH (RFC822.TEXT {$_}|preamble|...--bb--| FLAGS (\Seen))
1< c OK FETCH completed.
2> b NOOP
2< * 1 FETCH (FLAGS (\Seen))
2$ b OK
1> d FETCH 1 RFC822
1< * 1 FETCH (RFC822 {$#m}|Date: ...--bb--|)
1< d OK ...
1> e STORE 1 -FLAGS.SILENT (\Seen)
1$ e OK
1> f FETCH 1 (FLAGS BODY[1])
1< * 1 FETCH (FLAGS (\Seen) BODY[1] {25}|...)
1< f OK ...
1> g STORE 1 -FLAGS.SILENT (\Seen)
1$ g OK
1> h UID FETCH 1 BODY[HEADER]
1< * 1 FETCH (UID 1 BODY[HEADER] {$_}|... FLAGS (\Seen))
1< h OK ...
