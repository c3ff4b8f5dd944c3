# RFC 3501 6.3.3, 6.3.4: CREATE and DELETE
1> a CREATE INBOX.Work
1< a OK [MAILBOXID (F$_)] "INBOX.Work" created.
@ls Work tmp/* 0
1> b CREATE INBOX.Work
1< b NO [ALREADYEXISTS] ...
1> c CREATE INBOX
1< c NO [ALREADYEXISTS] INBOX already exists!
1> d CREATE Drafts
1< d NO [CANNOT] Invalid mailbox name.
1> e CREATE INBOX..x
1< e NO [CANNOT] Invalid mailbox name.
1> f CREATE "INBOX.a/b"
1< f NO [CANNOT] Invalid mailbox name.
1> g CREATE INBOX.a..b
1< g NO [CANNOT] Invalid mailbox name.
1> h CREATE "INBOX.x.y."
1< h OK [MAILBOXID (F$_)] "INBOX.x.y" created.
1> i LIST "" INBOX.x*
1< * LIST (\Noselect \HasChildren) "." "INBOX.x"
1< * LIST (\HasNoChildren) "." "INBOX.x.y"
1$ i OK LIST completed
1> j DELETE INBOX
1< j NO [CANNOT] Cannot delete this folder.
1> k DELETE INBOX.nothing
1< k NO [NONEXISTENT] Cannot delete this folder.
1> l SELECT INBOX.Work
1<* * OK [UIDVALIDITY $first] Ok
1$ l OK [READ-WRITE] Ok
1> m DELETE INBOX.Work
1< m NO [CANNOT] Cannot delete currently-open folder.
1> n UNSELECT
1$ n OK
1> o DELETE INBOX.Work
1< o OK Folder deleted.
1> p SELECT INBOX.Work
1< p NO [NONEXISTENT] ...
1> q CREATE INBOX.Work
1< q OK [MAILBOXID (F$_)] "INBOX.Work" created.
1> r SELECT INBOX.Work
1! * OK [UIDVALIDITY $first] Ok
1$ r OK
1! * OK [UIDVALIDITY $first] Ok
1> s CREATE INBOX.Work.sub
1$ s OK
1> t CLOSE
1$ t OK
1> u DELETE INBOX.Work
1< u OK Folder deleted.
1> v LIST "" INBOX.Work*
1< * LIST (\Noselect \HasChildren) "." "INBOX.Work"
1< * LIST (\HasNoChildren) "." "INBOX.Work.sub"
1$ v OK
1> w CREATE
1< w BAD ...
1> x DELETE
1< x BAD ...
