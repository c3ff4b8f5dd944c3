# RFC 3501 5.1.3: modified UTF-7 on the wire, UTF-8 in the Maildir
1> a CREATE INBOX.Entw&APw-rfe
1< a OK [MAILBOXID (F$_)] "INBOX.Entw&APw-rfe" created.
@ls Entwürfe tmp/* 0
1> b LIST "" INBOX.E*
1< * LIST (\HasNoChildren) "." "INBOX.Entw&APw-rfe"
1< b OK ...
1> c SELECT "INBOX.Entw&APw-rfe"
1$ c OK
1> d CREATE INBOX.&-
1< d OK [MAILBOXID (F$_)] "INBOX.&-" created.
1> e LIST "" INBOX.&-*
1$ e OK
1> f CREATE "INBOX.a b"
1< f OK [MAILBOXID (F$_)] "INBOX.a b" created.
1> g CREATE "INBOX.q\"q"
1< g OK [MAILBOXID (F$_)] "INBOX.q\"q" created.
1> h LIST "" "INBOX.q*"
1< * LIST (\HasNoChildren) "." "INBOX.q\"q"
1< h OK ...
1> i CREATE INBOX.&AGE-
1$ i NO [CANNOT] ...
1> j CREATE INBOX.&xyz
1$ j NO [CANNOT] ...
1> k CREATE {7+}$<0d0a>INBOX.l
1< k OK [MAILBOXID (F$_)] "INBOX.l" created.
1> l CREATE inbox.case
1< l OK [MAILBOXID (F$_)] "INBOX.case" created.
