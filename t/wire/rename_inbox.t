# RFC 3501 6.3.5: RENAME of INBOX moves its messages, INBOX stays, empty
@deliver INBOX 1000.a.x
Subject: one

body
.
1> a CREATE INBOX.child
1$ a OK
1> b RENAME INBOX INBOX.2025
1< b OK Folder renamed.
1> c STATUS INBOX (MESSAGES)
1< * STATUS "INBOX" (MESSAGES 0)
1$ c OK
1> d STATUS INBOX.2025 (MESSAGES)
1< * STATUS "INBOX.2025" (MESSAGES 1)
1$ d OK
1> e LIST "" INBOX.child
1< * LIST (\HasNoChildren) "." "INBOX.child"
1$ e OK
