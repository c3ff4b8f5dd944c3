# RFC 3501 6.4.5, 7.4.2: the items of FETCH
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
1> a FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE)
1< * 1 FETCH (FLAGS () UID 1 INTERNALDATE "...-$_ $_:$_ $_" RFC822.SIZE $#m)
1$ a OK FETCH completed.
1> b FETCH 1 ENVELOPE
1< * 1 FETCH (ENVELOPE ("Wed, 17 Jul 2024 02:23:25 -0700" "IMAP4 =?utf-8?q?gr=C3=BC=C3=9Fe?=" (("Terry Gray" NIL "gray" "cac.example")) (("Terry Gray" NIL "gray" "cac.example")) (("Terry Gray" NIL "gray" "cac.example")) ((NIL NIL "imap" "cac.example")("B, C" NIL "bc" "example.org")) ((NIL NIL "x" "example.net")) NIL NIL "<B27397-0100000@cac.example>"))
1$ b OK
1> c FETCH 1 BODY
1< * 1 FETCH (BODY (("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" 25 1)("message" "rfc822" NIL NIL NIL "7bit" 50 (NIL "inner" ((NIL NIL "in" "example.org")) ((NIL NIL "in" "example.org")) ((NIL NIL "in" "example.org")) NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 10 0) 3)("application" "octet-stream" ("name" "f.bin") NIL NIL "base64" 8) "mixed"))
1$ c OK
1> d FETCH 1 BODYSTRUCTURE
1< * 1 FETCH (BODYSTRUCTURE ((...("application" "octet-stream" ("name" "f.bin") NIL NIL "base64" 8 NIL ("attachment" ("filename" "f.bin")) NIL NIL) "mixed" ("boundary" "bb") NIL NIL NIL))
1$ d OK
1> e FETCH 1 FAST
1< * 1 FETCH (FLAGS () INTERNALDATE "..." RFC822.SIZE $#m)
1$ e OK
1> f FETCH 1 ALL
1< * 1 FETCH (FLAGS () INTERNALDATE "..." RFC822.SIZE $#m ENVELOPE (...))
1$ f OK
1> g FETCH 1 FULL
1< * 1 FETCH (FLAGS () INTERNALDATE "..." RFC822.SIZE $#m ENVELOPE (...) BODY (...))
1$ g OK
1> h FETCH 1 (UID UID)
1< * 1 FETCH (UID 1 UID 1)
1$ h OK
1> i UID FETCH 1 (FLAGS UID)
1< * 1 FETCH (UID 1 FLAGS ())
1$ i OK
1> j FETCH 1 (ALL UID)
1$ j BAD ...
1> k FETCH 1 NONSENSE
1$ k BAD ...
1> l FETCH 1 ()
1$ l BAD ...
1> m FETCH 1 MODSEQS
1$ m BAD ...
1> n FETCH 1 (FLAGS) (CHANGEDSINCE 0)
1$ n BAD ...
1> o fetch 1 (flags rfc822.size)
1< * 1 FETCH (FLAGS () RFC822.SIZE $#m)
1$ o OK
