# IMAP_EMPTYTRASH: nothing young goes, whatever its name says
@setting IMAP_EMPTYTRASH=Trash:7,Sent:30
@mkdir Trash
@mkdir Sent
@deliver Trash 1000000000.old
Subject: its ctime is now

.
@deliver Sent 1000000001.old
Subject: its ctime is now

.
1> a STATUS INBOX.Trash (MESSAGES)
1< * STATUS "INBOX.Trash" (MESSAGES 1)
1$ a OK
1> b LOGOUT
1< * BYE ...
1< b OK ...
1- eof
@ls Trash cur/* 1
@ls Sent new/* 1
