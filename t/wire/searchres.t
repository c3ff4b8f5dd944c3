# RFC 5182: what "$" holds after success, NO and BAD, and where it may stand
@deliver INBOX 1000.a.x
Subject: one

.
@deliver INBOX 1001.b.x
Subject: two

.
@deliver INBOX 1002.c.x
Subject: three

.
@mkdir Other
1> a SELECT INBOX
1$ a OK
# empty at first
1> b FETCH $ UID
1< b OK ...
1> c COPY $ INBOX.Other
1$ c OK ...
1> d SEARCH RETURN (SAVE) 1:2
1< d OK SEARCH done.
1> e COPY $ INBOX.Other
1$ e OK [COPYUID ...
1> f STORE $ +FLAGS (\Flagged)
1< * 1 FETCH ...
1< * 2 FETCH ...
1< f OK ...
1> g SEARCH UID $ SUBJECT two
1< * SEARCH 2
1$ g OK
1> h SEARCH OR NOT $ SUBJECT one
1< * SEARCH 1 3
1$ h OK
1> i UID SEARCH RETURN (SAVE COUNT) $ SUBJECT two
1< * ESEARCH (TAG "i") UID COUNT 1
1$ i OK
1> j UID FETCH $ UID
1< * 2 FETCH (UID 2)
1< j OK ...
# 2.1: BAD leaves it, NO empties it
1> k SEARCH RETURN (SAVE) NONSENSE
1$ k BAD ...
1> l SEARCH $
1< * SEARCH 2
1$ l OK
1> m SEARCH RETURN (SAVE) CHARSET X-BAD ALL
1$ m NO [BADCHARSET ...
1> n SEARCH $
1< * SEARCH
1$ n OK
# a search without SAVE leaves it
1> o SEARCH RETURN (SAVE MIN MAX) ALL
1< * ESEARCH (TAG "o") MIN 1 MAX 3
1$ o OK
1> p SEARCH RETURN (MIN) SUBJECT two
1< * ESEARCH (TAG "p") MIN 2
1$ p OK
1> q SEARCH $
1< * SEARCH 1 3
1$ q OK
1> r SEARCH RETURN (SAVE MAX) ALL
1< * ESEARCH (TAG "r") MAX 3
1$ r OK
1> s SEARCH $
1< * SEARCH 3
1$ s OK
1> t SEARCH RETURN (SAVE MIN ALL) 1:2
1< * ESEARCH (TAG "t") MIN 1 ALL 1:2
1$ t OK
# it is no part of a longer set
1> u FETCH 1,$ UID
1$ u BAD ...
1> v FETCH $:3 UID
1$ v BAD ...
# pipelined: each sees the one before
1>> w SEARCH RETURN (SAVE) SUBJECT three$<0d0a>x MOVE $ INBOX.Other$<0d0a>
1< w OK SEARCH done.
1< * OK [COPYUID ...
1< * 3 EXPUNGE
1<* * 2 EXISTS
1$ x OK
# what is gone is no longer in it, and its number is another's
1> y SEARCH $
1< * SEARCH
1$ y OK
1> z SEARCH RETURN (SAVE) ALL
1$ z OK
1> aa STORE 1 +FLAGS.SILENT (\Deleted)
1$ aa OK
1> ab UID EXPUNGE $
1<* * 1 EXPUNGE
1$ ab OK
1> ac UID SEARCH $
1< * SEARCH 2
1$ ac OK
# 2.1: another SELECT empties it
1> ad SELECT INBOX
1$ ad OK
1> ae SEARCH $
1< * SEARCH
1$ ae OK
