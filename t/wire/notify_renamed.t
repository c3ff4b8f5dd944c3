# RFC 5465 5.4, 6.1: the selected folder renamed by another is selected still
@only daemon
1> a CREATE INBOX.Work
1$ a OK
@deliver Work 1000.a.x
Subject: one

body
.
1> b SELECT INBOX.Work
1$ b OK
1> c NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge FlagChange MailboxName))
1< c OK NOTIFY completed
@sleep 1500
2> a RENAME INBOX.Work INBOX.Home
2< a OK Folder renamed.
1< * LIST (\HasNoChildren) "." "INBOX.Home" ("OLDNAME" ("INBOX.Work"))
# Told as what is selected, and not as one of the others.
2> b APPEND INBOX.Home {5+}$<0d0a>hello
2$ b OK
1< * 2 EXISTS
1< * $_ RECENT
1< * 2 FETCH (UID 2 FLAGS ...)
2> c APPEND INBOX {5+}$<0d0a>hello
2$ c OK
1< * STATUS "INBOX" (MESSAGES 1 ...)
1! * STATUS "INBOX.Home" ...
@sleep 1500
@deliver Home 1001.b.x
Subject: two

body
.
1< * 3 EXISTS
1< * $_ RECENT
1< * 3 FETCH (UID 3 FLAGS ...)
1> d FETCH 1:3 (UID)
1< * 1 FETCH (UID 1)
1$ d OK
# Another folder of the old name is another.
2> d CREATE INBOX.Work
2$ d OK
1< * LIST (\HasNoChildren) "." "INBOX.Work"
2> e APPEND INBOX.Work {5+}$<0d0a>hello
2$ e OK
1< * STATUS "INBOX.Work" (MESSAGES 1 ...)
