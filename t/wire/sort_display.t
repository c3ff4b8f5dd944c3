# RFC 5957: DISPLAYFROM and DISPLAYTO
@deliver INBOX 1000.a.x
From: =?utf-8?q?zo=C3=A9?= <a@example.org>
To: friends: x@example.org;

.
@deliver INBOX 1001.b.x
From: b@example.org
To: <garry@example.org>

.
@deliver INBOX 1002.c.x
From: Anna <z@example.org>

.
1> a SELECT INBOX
1$ a OK
1> b SORT (DISPLAYFROM) UTF-8 ALL
1< * SORT 3 2 1
1$ b OK
1> c SORT (FROM) UTF-8 ALL
1< * SORT 1 2 3
1$ c OK
1> d SORT (REVERSE DISPLAYTO) UTF-8 ALL
1< * SORT 2 1 3
1$ d OK
1> e UID SORT (DISPLAYTO) UTF-8 ALL
1< * SORT 3 1 2
1$ e OK
