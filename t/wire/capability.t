# RFC 3501 6.1.1, 6.1.2, 6.1.3: CAPABILITY, NOOP and LOGOUT in any state
1> a CAPABILITY
1< * CAPABILITY IMAP4rev1 ...
1$ a OK CAPABILITY completed
1> b CAPABILITY
1<* * CAPABILITY ... IDLE ...
1$ b OK
1> c CAPABILITY
1<* * CAPABILITY ... LITERAL+ ...
1! ... STARTTLS...
1! ... LOGINDISABLED...
1! ... AUTH=...
1$ c OK
1> cc CAPABILITY
1<* * CAPABILITY ... SORT ... THREAD=ORDEREDSUBJECT THREAD=REFERENCES ...
1$ cc OK
1> d capability
1$ d OK CAPABILITY completed
1> e NOOP
1< e OK NOOP completed
1> f SELECT INBOX
1$ f OK [READ-WRITE] Ok
1> g CAPABILITY
1$ g OK
1> h LOGOUT
1< * BYE Corkboard IMAP server shutting down
1< h OK LOGOUT completed
1- eof
