# RFC 3516: BINARY[...] and BINARY.SIZE[...]
@text m
Subject: parts
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=bb

--bb
Content-Type: text/plain
Content-Transfer-Encoding: quoted-printable

a=3Db
--bb
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

AAECAw==
--bb
Content-Type: application/octet-stream
Content-Transfer-Encoding: x-nobody-knows

zzzz
--bb--
.
1>> a APPEND INBOX {$#m+}$<0d0a>
1~ m
1> 
1$ a OK
1> b SELECT INBOX
1$ b OK
1> c FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[2])
1< * 1 FETCH (BINARY[1] {3}|a=b BINARY.SIZE[2] 4)
1$ c OK
1> d FETCH 1 BINARY.PEEK[2]
1< * 1 FETCH (BINARY[2] ~{4}|...)
1$ d OK
1> e FETCH 1 BINARY.PEEK[2]<1.2>
1< * 1 FETCH (BINARY[2]<1> ...{2}|...)
1$ e OK
1> f FETCH 1 BINARY.PEEK[3]
1$ f NO [UNKNOWN-CTE] ...
1> fa FETCH 1 (UID BINARY.SIZE[3] BINARY.PEEK[1])
1< fa NO [UNKNOWN-CTE] ...
1> fb FETCH 1 (BINARY.PEEK[9] BINARY.SIZE[9])
1< * 1 FETCH (BINARY[9] NIL BINARY.SIZE[9] 0)
1$ fb OK
1> fc FETCH 1 BINARY.PEEK[1.MIME]
1$ fc BAD ...
1> fd FETCH 1 BINARY.PEEK[TEXT]
1$ fd BAD ...
1> g FETCH 1 BINARY[1]
1< * 1 FETCH (BINARY[1] {3}|a=b FLAGS (\Seen...))
1$ g OK
