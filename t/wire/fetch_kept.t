# RFC 3501 7.4.2: what is kept of a message is what was made of it, in any session
@deliver INBOX 1000.a.x
From: a@example.net
Subject: one
Date: Mon, 7 Feb 1994 21:52:25 -0800

body
.
@deliver INBOX 1001.b.x
From: b@example.net
Subject: two
Content-Type: text/html

<p>
.
1> a SELECT INBOX
1$ a OK
1> b FETCH 1:2 (ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE)
1< * 1 FETCH (ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "one" ((NIL NIL "a" "example.net")) ...) BODYSTRUCTURE ("text" "plain" ...) RFC822.SIZE $one INTERNALDATE "$day $time $zone")
1< * 2 FETCH (ENVELOPE (NIL "two" ...) BODYSTRUCTURE ("text" "html" ...) RFC822.SIZE $size INTERNALDATE ...)
1$ b OK
1> c FETCH 1 (INTERNALDATE ENVELOPE BODY)
1< * 1 FETCH (INTERNALDATE "$day $time $zone" ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "one" ...) BODY ("text" "plain" ...))
1$ c OK
1> d FETCH 1:2 (BODY BODYSTRUCTURE ENVELOPE)
1< * 1 FETCH (BODY ("text" "plain" ...) BODYSTRUCTURE ("text" "plain" ...) ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "one" ...))
1< * 2 FETCH (BODY ("text" "html" ...) BODYSTRUCTURE ("text" "html" ...) ENVELOPE (NIL "two" ...))
1$ d OK
1> d2 NOOP
1$ d2 OK
2> a SELECT INBOX
2$ a OK
2> b FETCH 1:2 (ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE BODY)
2< * 1 FETCH (ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "one" ((NIL NIL "a" "example.net")) ...) BODYSTRUCTURE ("text" "plain" ...) RFC822.SIZE $one INTERNALDATE "$day $time $zone" BODY ("text" "plain" ...))
2< * 2 FETCH (ENVELOPE (NIL "two" ...) BODYSTRUCTURE ("text" "html" ...) RFC822.SIZE $size INTERNALDATE ... BODY ("text" "html" ...))
2$ b OK
2> c FETCH 2 (ENVELOPE BODY[HEADER.FIELDS (SUBJECT)])
2< * 2 FETCH (ENVELOPE (NIL "two" ...) BODY[HEADER.FIELDS (SUBJECT)] {16}|Subject: two|| ...)
2$ c OK
# a flag is another name of the same bytes; a new message has none of the old's
2> d STORE 1 +FLAGS (\Seen \Deleted)
2$ d OK
2> e EXPUNGE
2$ e OK
@deliver INBOX 1002.c.x
Subject: three

body
.
2> f NOOP
2$ f OK
2> g UID FETCH 1:* (ENVELOPE)
2< * 1 FETCH (UID 2 ENVELOPE (NIL "two" ...))
2< * 2 FETCH (UID 3 ENVELOPE (NIL "three" ...))
2$ g OK
