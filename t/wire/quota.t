# RFC 9208 4.1, 5.1: GETQUOTA, GETQUOTAROOT and what counts
1> a GETQUOTAROOT INBOX
1< * QUOTAROOT "INBOX" "ROOT"
1< * QUOTA "ROOT" ()
1< a OK GETQUOTAROOT Ok.
1> b GETQUOTA "ROOT"
1< * QUOTA "ROOT" ()
1< b OK GETQUOTA Ok.
1> c CAPABILITY
1<* * CAPABILITY ... QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE...
1$ c OK
@text m
Subject: x

Hello
.
1> d APPEND INBOX {$#m}
1< + ...
1~ m
1> 
1< d OK ...
@ls INBOX maildirsize 0
@write maildirsize
10000S,5C
.
1> e GETQUOTA ROOT
1< * QUOTA "ROOT" (STORAGE 1 10 MESSAGE 1 5)
1< e OK GETQUOTA Ok.
@has maildirsize           18            1
1> f APPEND INBOX (\Seen) {$#m}
1< + ...
1~ m
1> 
1< f OK ...
1> g SELECT INBOX
1$ g OK
1> h STORE 1 +FLAGS.SILENT (\Deleted)
1< h OK ...
1> i GETQUOTA ROOT
1< * QUOTA "ROOT" (STORAGE 1 10 MESSAGE 1 5)
1< i OK ...
1> j EXPUNGE
1$ j OK ...
1> k CREATE INBOX.a
1$ k OK
1> l COPY 1 INBOX.a
1$ l OK
1> m MOVE 1 INBOX.a
1$ m OK
1> n GETQUOTAROOT INBOX.a
1< * QUOTAROOT "INBOX.a" "ROOT"
1< * QUOTA "ROOT" (STORAGE 1 10 MESSAGE 2 5)
1< n OK ...
1> o DELETE INBOX.a
1< o OK Folder deleted.
1> p GETQUOTA ROOT
1< * QUOTA "ROOT" (STORAGE 0 10 MESSAGE 0 5)
1< p OK ...
@write maildirsize
1C
           0            0
.
1> q GETQUOTA {4+}
1> ROOT
1< * QUOTA "ROOT" (MESSAGE 0 1)
1< q OK ...
1> r GETQUOTA other
1< r NO [NONEXISTENT] ...
1> s GETQUOTAROOT INBOX.nowhere
1< s NO [NONEXISTENT] ...
1> t SETQUOTA "ROOT" (STORAGE 512 MESSAGE 3)
1< t NO [NOPERM] SETQUOTA No permission.
1> u SETQUOTA "" ()
1< u NO [NOPERM] SETQUOTA No permission.
1> v SETQUOTA "ROOT" (STORAGE)
1< v BAD ...
1> w SETQUOTA "ROOT" STORAGE 1
1< w BAD ...
1> x GETQUOTA
1< x BAD ...
1> y GETQUOTAROOT
1< y BAD ...
1> z SETQUOTA "ROOT" (STORAGE 1 )
1< z BAD ...
