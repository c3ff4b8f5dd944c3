# RFC 3501 6.3.8, RFC 3348: LIST, its wildcards and its attributes
1> a LIST "" ""
1< * LIST (\Noselect) "." ""
1< a OK LIST completed
1> b LIST "" *
1< * LIST (\Unmarked \HasNoChildren) "." "INBOX"
1< b OK LIST completed
@mkdir a
@mkdir a.b
@mkdir a.b.c
@mkdir a-x
@mkdir z.y
1> c LIST "" *
1< * LIST (\Unmarked \HasChildren) "." "INBOX"
1< * LIST (\HasChildren) "." "INBOX.a"
1< * LIST (\HasChildren) "." "INBOX.a.b"
1< * LIST (\HasNoChildren) "." "INBOX.a.b.c"
1< * LIST (\HasNoChildren) "." "INBOX.a-x"
1< * LIST (\Noselect \HasChildren) "." "INBOX.z"
1< * LIST (\HasNoChildren) "." "INBOX.z.y"
1< c OK ...
1> d LIST "" %
1< * LIST (\Unmarked \HasChildren) "." "INBOX"
1< d OK ...
1> e LIST "" INBOX.%
1< * LIST (\HasChildren) "." "INBOX.a"
1< * LIST (\HasNoChildren) "." "INBOX.a-x"
1< * LIST (\Noselect \HasChildren) "." "INBOX.z"
1< e OK ...
1> f LIST INBOX. a.%
1< * LIST (\HasChildren) "." "INBOX.a.b"
1< f OK ...
1> g LIST "" inbox.A
1< g OK ...
1> h LIST "" iNbOx
1< * LIST (\Unmarked \HasChildren) "." "INBOX"
1< h OK ...
1> i LIST "" "INBOX.*c"
1< * LIST (\HasNoChildren) "." "INBOX.a.b.c"
1< i OK ...
1> j LIST "" "INBOX.%.%"
1< * LIST (\HasChildren) "." "INBOX.a.b"
1< * LIST (\HasNoChildren) "." "INBOX.z.y"
1< j OK ...
1> k LIST "" nothing*
1< k OK LIST completed
1> l LIST ""
1< l BAD ...
@deliver INBOX
Subject: x

x
.
1> m LIST "" INBOX
1< * LIST (\Marked \HasChildren) "." "INBOX"
1< m OK ...
1> n SELECT INBOX
1$ n OK
1> o FETCH 1 BODY[]
1$ o OK
1> p LIST "" INBOX
1< * LIST (\Unmarked \HasChildren) "." "INBOX"
1< p OK ...
