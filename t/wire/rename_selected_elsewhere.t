# A folder renamed under clients that have it selected, parked or not: they go on
1> a CREATE INBOX.Work
1$ a OK
@deliver Work 1000.a.x
Subject: one

body
.
@deliver Work 1001.b.x
Subject: two

body
.
1> b SELECT INBOX.Work
1$ b OK
3> a SELECT INBOX.Work
3$ a OK
3> b IDLE
3< + ...
@sleep 1500
2> a RENAME INBOX.Work INBOX.Home
2< a OK Folder renamed.
# Another one has its name now.
2> b CREATE INBOX.Work
2$ b OK
2> c SELECT INBOX.Home
2$ c OK
2> d STORE 1 +FLAGS (\Flagged)
2$ d OK
3< * 1 FETCH ...
1> c UID FETCH 1:* (UID FLAGS)
1<* * 1 FETCH (UID 1 FLAGS (...\Flagged...))
1<* * 2 FETCH (UID 2 ...)
1$ c OK
@sleep 1500
# Its children and it again, while all are quiet.
2> e UNSELECT
2$ e OK
2> f RENAME INBOX.Home INBOX.Work.Home
2$ f OK
1> d STORE 2 +FLAGS (\Deleted)
1$ d OK
1> e EXPUNGE
1< * 2 EXPUNGE
1$ e OK
3<* * 2 EXPUNGE
3> DONE
3$ b OK
3> c FETCH 1:* (UID)
3< * 1 FETCH (UID 1)
3$ c OK
# What is deleted ends its clients, under whatever name.
2> g DELETE INBOX.Work.Home
2$ g OK
1> f FETCH 1 BODY[]
1<* * BYE Selected mailbox was deleted or replaced.
1- eof
