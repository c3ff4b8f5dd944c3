# RFC 6154: SPECIAL-USE and CREATE-SPECIAL-USE
@mkdir Sent
@mkdir Trash
@mkdir other
1> a LIST "" INBOX.%
1< * LIST (\HasNoChildren \Sent) "." "INBOX.Sent"
1< * LIST (\HasNoChildren \Trash) "." "INBOX.Trash"
1< * LIST (\HasNoChildren) "." "INBOX.other"
1< a OK ...
1> b LIST (SPECIAL-USE) "" *
1< * LIST (\HasNoChildren \Sent) "." "INBOX.Sent"
1< * LIST (\HasNoChildren \Trash) "." "INBOX.Trash"
1< b OK ...
1> c LIST "" INBOX.Sent RETURN (SPECIAL-USE)
1< * LIST (\HasNoChildren \Sent) "." "INBOX.Sent"
1< c OK ...
1> d CREATE INBOX.Gesendet (USE (\Sent))
1< d OK [MAILBOXID (F$_)] "INBOX.Gesendet" created.
1> e LIST (SPECIAL-USE) "" *
1< * LIST (\HasNoChildren \Sent) "." "INBOX.Gesendet"
1< * LIST (\HasNoChildren \Trash) "." "INBOX.Trash"
1< e OK ...
1> f CREATE INBOX.All (USE (\All))
1< f NO [USEATTR] ...
1> g CREATE INBOX.What (USE (\What))
1< g NO [USEATTR] ...
1> h LIST "" INBOX.All
1< h OK LIST completed
1> i CREATE INBOX.x (USE)
1< i BAD ...
