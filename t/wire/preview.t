# RFC 8970: previews, made once, and only for who does not say LAZY
@deliver INBOX 1000.a.x
Subject: plain

Preview text!
.
@deliver INBOX 1001.b.x
Subject: html
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<html><head><title>no</title></head><p>Gr=FC=DFe &amp; mehr
.
@deliver INBOX 1002.c.x
Content-Type: image/png

xyz
.
1> a SELECT INBOX
1$ a OK
1> b FETCH 1:3 (UID PREVIEW (LAZY))
1< * 1 FETCH (UID 1 PREVIEW NIL)
1< * 2 FETCH (UID 2 PREVIEW NIL)
1< * 3 FETCH (UID 3 PREVIEW NIL)
1$ b OK
1> c FETCH 1 (RFC822.SIZE PREVIEW)
1< * 1 FETCH (RFC822.SIZE $_ PREVIEW "Preview text!")
1$ c OK
1> d FETCH 2:3 (PREVIEW)
1< * 2 FETCH (PREVIEW {14}|Grüße & mehr)
1< * 3 FETCH (PREVIEW "")
1$ d OK
1! ... FLAGS ...
1> e NOOP
1$ e OK
2> a SELECT INBOX
2$ a OK
2> b FETCH 1:3 (PREVIEW (LAZY) ENVELOPE)
2< * 1 FETCH (PREVIEW "Preview text!" ENVELOPE ...)
2< * 2 FETCH (PREVIEW {14}|Grüße & mehr ENVELOPE ...)
2< * 3 FETCH (PREVIEW "" ENVELOPE ...)
2$ b OK
# RFC 6855: who takes UTF-8 gets it quoted
2> c ENABLE UTF8=ACCEPT
2$ c OK
2> d UID FETCH 2 PREVIEW
2< * 2 FETCH (UID 2 PREVIEW "Grüße & mehr")
2$ d OK
2> e FETCH 1 (PREVIEW (SLOW))
2$ e BAD
# with the whole message open nothing is to be waited for
@deliver INBOX 1003.d.x
Subject: new

At hand
.
2> f NOOP
2$ f OK
2> g FETCH 4 (PREVIEW (LAZY) BODY.PEEK[TEXT])
2< * 4 FETCH (PREVIEW "At hand" BODY[TEXT] {9}|At hand|)
2$ g OK
