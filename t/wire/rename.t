# RFC 3501 6.3.5: RENAME takes what is below along, UIDs stay
1> a CREATE INBOX.old
1$ a OK
1> b CREATE INBOX.old.sub
1$ b OK
@deliver old.sub 1000.a.x
Subject: one

body
.
1> c STATUS INBOX.old.sub (UIDVALIDITY UIDNEXT)
1< * STATUS "INBOX.old.sub" (UIDNEXT $next UIDVALIDITY $validity)
1$ c OK STATUS Completed.
1> d SELECT INBOX.old.sub
1<* * OK [UIDVALIDITY $validity] Ok
1$ d OK
1> e FETCH 1 UID
1< * 1 FETCH (UID $uid)
1$ e OK
1> f RENAME INBOX.old INBOX.new
1< f NO [CANNOT] Can't RENAME the currently-open folder
1> g UNSELECT
1$ g OK
1> h RENAME INBOX.old INBOX.new
1< h OK Folder renamed.
1> i SELECT INBOX.new.sub
1<* * 1 EXISTS
1<* * OK [UIDVALIDITY $validity] Ok
1$ i OK
1> j FETCH 1 UID
1< * 1 FETCH (UID $uid)
1$ j OK
1> k RENAME INBOX.old INBOX.other
1< k NO [NONEXISTENT] ...
1> l CREATE INBOX.taken
1$ l OK
1> m RENAME INBOX.taken INBOX.new
1< m NO [ALREADYEXISTS] ...
1> n RENAME INBOX.taken INBOX
1< n NO [ALREADYEXISTS] INBOX already exists!
1> o RENAME INBOX.taken INBOX.taken.sub
1< o NO [CANNOT] ...
1> p RENAME INBOX.taken
1< p BAD ...
1> q LIST "" *
1<* * LIST (\HasChildren) "." "INBOX.new"
1<* * LIST (\HasNoChildren) "." "INBOX.new.sub"
1$ q OK
1! ... "INBOX.old...
