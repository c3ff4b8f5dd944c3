# RFC 5258: LIST-EXTENDED
@mkdir a
@mkdir a.b
@mkdir c
1> a SUBSCRIBE INBOX.a.b
1$ a OK
1> b SUBSCRIBE INBOX.gone
1$ b OK
1> c LIST (SUBSCRIBED) "" *
1< * LIST (\HasNoChildren \Subscribed) "." "INBOX.a.b"
1< * LIST (\NonExistent \HasNoChildren \Subscribed) "." "INBOX.gone"
1< c OK LIST completed
1> d LIST () "" (INBOX.% INBOX.a.*)
1< * LIST (\HasChildren) "." "INBOX.a"
1< * LIST (\HasNoChildren) "." "INBOX.a.b"
1< * LIST (\HasNoChildren) "." "INBOX.c"
1< d OK ...
1> e LIST "" INBOX.* RETURN (SUBSCRIBED CHILDREN)
1< * LIST (\HasChildren) "." "INBOX.a"
1< * LIST (\HasNoChildren \Subscribed) "." "INBOX.a.b"
1< * LIST (\HasNoChildren) "." "INBOX.c"
1< e OK ...
1> f LIST (SUBSCRIBED RECURSIVEMATCH) "" INBOX.%
1< * LIST (\HasChildren) "." "INBOX.a" ("CHILDINFO" ("SUBSCRIBED"))
1< * LIST (\NonExistent \HasNoChildren \Subscribed) "." "INBOX.gone"
1< f OK ...
1> g LIST (RECURSIVEMATCH) "" *
1< g BAD ...
1> h LIST (NONSENSE) "" *
1< h BAD ...
1> i LIST "" * RETURN (NONSENSE)
1< i BAD ...
1> j LIST (REMOTE) "" INBOX.c
1< * LIST (\HasNoChildren) "." "INBOX.c"
1< j OK ...
1> k LIST (SUBSCRIBED) "" ""
1< k OK LIST completed
1> l LIST (SUBSCRIBED) "" (INBOX.a.b INBOX.gone INBOX.c)
1< * LIST (\HasNoChildren \Subscribed) "." "INBOX.a.b"
1< * LIST (\NonExistent \HasNoChildren \Subscribed) "." "INBOX.gone"
1< l OK ...
