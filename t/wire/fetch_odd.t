# RFC 3501 4.3: odd messages: no body, no header, no last line end, only CRLF
@write cur/1000.a.x:2,S
Subject: no body
.
@write cur/1001.b.x:2,S

only a body
.
@write cur/1002.c.x:2,S

.
1> a SELECT INBOX
1<* * 3 EXISTS
1$ a OK
1> b FETCH 1 (RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1])
1< * 1 FETCH (RFC822.SIZE 18 BODY[HEADER] {$_}|Subject: no body|... BODY[TEXT] {0}| BODY[1] ...
1$ b OK
1> c FETCH 2 (RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY)
1< * 2 FETCH (RFC822.SIZE 15 BODY[HEADER] {2}|| BODY[TEXT] {13}|only a body| BODY ("text" "plain" NIL NIL NIL "7bit" 13 1))
1$ c OK
1> d FETCH 3 (RFC822.SIZE ENVELOPE BODY.PEEK[])
1< * 3 FETCH (RFC822.SIZE 2 ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) BODY[] {2}||)
1$ d OK
