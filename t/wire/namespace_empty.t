# RFC 2342: the empty prefix; subscription lines stay Courier's
@setting IMAP_NAMESPACE_PREFIX=
@mkdir a.b
1> a NAMESPACE
1< * NAMESPACE (("" ".")) NIL NIL
1< a OK NAMESPACE completed.
1> b CREATE Sent
1< b OK [MAILBOXID (F$_)] "Sent" created.
1> c LIST "" *
1<* * LIST (\Unmarked \HasNoChildren) "." "INBOX"
1<* * LIST (\HasNoChildren \Sent) "." "Sent"
1<* * LIST (\Noselect \HasChildren) "." "a"
1<* * LIST (\HasNoChildren) "." "a.b"
1$ c OK
1> d SUBSCRIBE Sent
1$ d OK
@has courierimapsubscribed INBOX.Sent
1> e LSUB "" *
1< * LSUB (\HasNoChildren) "." "Sent"
1$ e OK
1> f SELECT Sent
1$ f OK [READ-WRITE] Ok
1> g SELECT inbox
1$ g OK [READ-WRITE] Ok
