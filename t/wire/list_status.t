# RFC 5819: STATUS lines of a LIST
@mkdir a
@mkdir z.y
@deliver a
Subject: x

x
.
1> a LIST "" * RETURN (STATUS (MESSAGES UNSEEN))
1< * LIST (\Unmarked \HasChildren) "." "INBOX"
1< * STATUS "INBOX" (MESSAGES 0 UNSEEN 0)
1< * LIST (\HasNoChildren) "." "INBOX.a"
1< * STATUS "INBOX.a" (MESSAGES 1 UNSEEN 1)
1< * LIST (\NonExistent \HasChildren) "." "INBOX.z"
1< * LIST (\HasNoChildren) "." "INBOX.z.y"
1< * STATUS "INBOX.z.y" (MESSAGES 0 UNSEEN 0)
1< a OK LIST completed
1> b LIST "" INBOX RETURN (STATUS (MAILBOXID))
1< * LIST (...) "." "INBOX"
1< * STATUS "INBOX" (MAILBOXID (F$_))
1$ b OK
