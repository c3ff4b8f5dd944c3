# RFC 3501 5.1.3: names in modified UTF-7 from before Courier 5 are shown as
# they stand, with their & as text; the same in UTF-8 is another folder
@mkdir Entw&APw-rfe
@mkdir Entwürfe
@mkdir R&D
1> a LIST "" INBOX.*
1<* * LIST (\HasNoChildren) "." "INBOX.Entw&-APw-rfe"
1<* * LIST (\HasNoChildren) "." "INBOX.Entw&APw-rfe"
1<* * LIST (\HasNoChildren) "." "INBOX.R&-D"
1$ a OK
@deliver Entw&APw-rfe one
Subject: old

.
1> b STATUS "INBOX.Entw&-APw-rfe" (MESSAGES)
1< * STATUS "INBOX.Entw&-APw-rfe" (MESSAGES 1)
1$ b OK
1> c STATUS "INBOX.Entw&APw-rfe" (MESSAGES)
1< * STATUS "INBOX.Entw&APw-rfe" (MESSAGES 0)
1$ c OK
1> d RENAME "INBOX.Entw&-APw-rfe" "INBOX.&APw-"
1< d OK ...
1> e STATUS "INBOX.&APw-" (MESSAGES)
1< * STATUS "INBOX.&APw-" (MESSAGES 1)
1$ e OK
