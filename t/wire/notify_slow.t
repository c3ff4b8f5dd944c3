# RFC 5465: where nothing wakes (IMAP_ENHANCEDIDLE=0) the slow look finds it
@only daemon
@setting IMAP_ENHANCEDIDLE=0
@setting IMAP_IDLE_TIMEOUT=1
1> a CREATE INBOX.box
1$ a OK
1> b NOTIFY SET (personal (MessageNew MessageExpunge MailboxName))
1< b OK NOTIFY completed
@deliver box 1000.a.x
Subject: one

body
.
1< * STATUS "INBOX.box" (MESSAGES 1 ...)
@mkdir foreign
1< * LIST (\HasNoChildren) "." "INBOX.foreign"
@rmdir foreign
1< * LIST (\NonExistent \HasNoChildren) "." "INBOX.foreign"
