# RFC 7377: ESEARCH of several mailboxes
@mkdir work
@mkdir work.old
@mkdir work.old.er
@mkdir workshop
@deliver INBOX 1000.a.x
Subject: chad

.
@deliver INBOX 1001.b.x
Subject: other

.
@deliver work 1002.c.x
Subject: chad and more

.
@deliver work 1003.d.x
Subject: Chad

.
@deliver work.old 1004.e.x
Subject: chad

.
@deliver work.old.er 1005.f.x
Subject: chad

.
@deliver workshop 1006.g.x
Subject: chad

.
@mkdir empty
# nothing is selected: that one cannot be asked
1> a ESEARCH SUBJECT chad
1$ a BAD ...
1> b ESEARCH IN (selected) SUBJECT chad
1$ b BAD ...
1> c ESEARCH IN (mailboxes INBOX) SUBJECT chad
1< * ESEARCH (TAG "c" MAILBOX "INBOX" UIDVALIDITY $_) UID ALL 1
1< c OK ESEARCH done.
1> d ESEARCH IN (mailboxes (INBOX INBOX.empty INBOX.none) subtree-one INBOX.work) RETURN (COUNT MIN) SUBJECT chad
1< * ESEARCH (TAG "d" MAILBOX "INBOX" UIDVALIDITY $_) UID MIN 1 COUNT 1
1< * ESEARCH (TAG "d" MAILBOX "INBOX.work" UIDVALIDITY $_) UID MIN 1 COUNT 2
1< * ESEARCH (TAG "d" MAILBOX "INBOX.work.old" UIDVALIDITY $_) UID MIN 1 COUNT 1
1$ d OK
1> e ESEARCH IN (subtree INBOX.work) RETURN () CHARSET UTF-8 SUBJECT chad
1< * ESEARCH (TAG "e" MAILBOX "INBOX.work" ...) UID ALL 1:2
1< * ESEARCH (TAG "e" MAILBOX "INBOX.work.old" ...) UID ALL 1
1< * ESEARCH (TAG "e" MAILBOX "INBOX.work.old.er" ...) UID ALL 1
1$ e OK
1> f ESEARCH IN (inboxes) ALL
1< * ESEARCH (TAG "f" MAILBOX "INBOX" ...) UID ALL 1:2
1$ f OK
1> g SUBSCRIBE INBOX.workshop
1$ g OK
1> h ESEARCH IN (subscribed) ALL
1< * ESEARCH (TAG "h" MAILBOX "INBOX.workshop" ...) UID ALL 1
1$ h OK
1> i ESEARCH IN (personal inboxes) RETURN (PARTIAL -1:-1) SUBJECT chad
1< * ESEARCH (TAG "i" MAILBOX "INBOX" ...) UID PARTIAL (-1:-1 1)
1< * ESEARCH (TAG "i" MAILBOX "INBOX.work" ...) UID PARTIAL (-1:-1 2)
1< * ESEARCH (TAG "i" MAILBOX "INBOX.work.old" ...) UID PARTIAL (-1:-1 1)
1< * ESEARCH (TAG "i" MAILBOX "INBOX.work.old.er" ...) UID PARTIAL (-1:-1 1)
1< * ESEARCH (TAG "i" MAILBOX "INBOX.workshop" ...) UID PARTIAL (-1:-1 1)
1$ i OK
1> j ESEARCH IN (personal) SUBJECT nothing
1< j OK ESEARCH done.
1> k ESEARCH IN (mailboxes INBOX.none) ALL
1< k OK ESEARCH done.
1> l ESEARCH IN (personal) CHARSET X-BAD SUBJECT x
1$ l NO [BADCHARSET ...
# what only the selected one has
1> m ESEARCH IN (personal) 1:2
1$ m BAD ...
1> n ESEARCH IN (personal) NOT (UID 1 OR SEEN $)
1$ n BAD ...
1> o ESEARCH IN (personal) RETURN (SAVE) ALL
1$ o BAD ...
1> p ESEARCH IN () ALL
1$ p BAD ...
1> q ESEARCH IN (filters) ALL
1$ q BAD ...
1> r ESEARCH IN (personal (x)) ALL
1$ r BAD ...
# the selected one stays as it is
1> s SELECT INBOX.work
1$ s OK
1> t UID STORE 1 +FLAGS.SILENT (\Deleted)
1$ t OK
1> u EXPUNGE
1$ u OK
1> v ESEARCH SUBJECT chad
1< * ESEARCH (TAG "v" MAILBOX "INBOX.work" UIDVALIDITY $_) UID ALL 2
1$ v OK
1> w ESEARCH IN (selected) RETURN (SAVE) 1
1< w OK ESEARCH done.
1> x ESEARCH IN (selected mailboxes INBOX) UID 1:*
1< * ESEARCH (TAG "x" MAILBOX "INBOX" ...) UID ALL 1:2
1< * ESEARCH (TAG "x" MAILBOX "INBOX.work" ...) UID ALL 2
1$ x OK
1> y FETCH $ UID
1< * 1 FETCH (UID 2)
1$ y OK
# reading it made nothing old
1> z EXAMINE INBOX.work.old
1<* * 1 RECENT
1$ z OK
