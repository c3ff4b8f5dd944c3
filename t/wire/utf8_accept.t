# RFC 5161, RFC 6855: ENABLE UTF8=ACCEPT
1> a ENABLE X-NOTHING
1< * ENABLED
1< a OK Options enabled
1> b ENABLE UTF8=ACCEPT
1< * ENABLED UTF8=ACCEPT
1< b OK Options enabled
1> c ENABLE utf8=accept
1< * ENABLED
1< c OK Options enabled
1> d CREATE "INBOX.Entwürfe"
1< d OK [MAILBOXID (F$_)] "INBOX.Entwürfe" created.
1> e LIST "" *
1<* * LIST (\HasNoChildren) "." "INBOX.Entwürfe"
1$ e OK
2> a LIST "" *
2<* * LIST (\HasNoChildren) "." "INBOX.Entw&APw-rfe"
2$ a OK
@text m
Subject: Grüße

Grüße
.
1>> f APPEND INBOX UTF8 (~{$#m+}$<0d0a>
1~ m
1> )
1$ f OK [APPENDUID $_ 1] APPEND Ok.
2>> b APPEND INBOX UTF8 (~{$#m+}$<0d0a>
2~ m
2> )
2$ b BAD ...
1> g SELECT INBOX
1$ g OK
1> h SEARCH SUBJECT "grüsse"
1< * SEARCH 1
1$ h OK
1> i SEARCH CHARSET US-ASCII SUBJECT x
1$ i BAD ...
1> j FETCH 1 BODY.PEEK[TEXT]
1< * 1 FETCH (BODY[TEXT] {9}|Grüße|)
1$ j OK
1> k ENABLE
1$ k BAD ...
