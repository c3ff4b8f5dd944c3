# RFC 3501 7.2.2: \Marked of all folders, \Noinferiors for old clients
@setting IMAP_CHECK_ALL_FOLDERS=1
@setting IMAP_OBSOLETE_CLIENT=1
@mkdir a
@mkdir a.b
@mkdir c
@deliver a.b one
Subject: one

.
@deliver c two
Subject: two

.
@flags c two S
1> l LIST "" *
1<* * LIST (\Unmarked \HasChildren) "." "INBOX"
1<* * LIST (\Unmarked \HasChildren) "." "INBOX.a"
1<* * LIST (\Marked \Noinferiors) "." "INBOX.a.b"
1<* * LIST (\Unmarked \Noinferiors) "." "INBOX.c"
1$ l OK
1> s SUBSCRIBE INBOX.c
1$ s OK
1> u LSUB "" *
1<* * LSUB (\Noinferiors) "." "INBOX.c"
1$ u OK
