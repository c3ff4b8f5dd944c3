# RFC 5465 5.1 to 5.3: STATUS of mailboxes that are not selected, at once
@only daemon
2> a CREATE INBOX.box
2$ a OK
1> a NOTIFY SET (personal (MessageNew MessageExpunge FlagChange))
1< a OK NOTIFY completed
# by another session
2> b APPEND INBOX.box {5+}$<0d0a>hello
2$ b OK
1< * STATUS "INBOX.box" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $v UNSEEN 1)
2> c SELECT INBOX.box
2$ c OK
2> d STORE 1 +FLAGS.SILENT (\Seen)
2$ d OK
1< * STATUS "INBOX.box" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $v UNSEEN 0)
2> e STORE 1 +FLAGS.SILENT (\Deleted)
2$ e OK
1< * STATUS "INBOX.box" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $v UNSEEN 0)
2> f EXPUNGE
2$ f OK
1< * STATUS "INBOX.box" (MESSAGES 0 UIDNEXT 2 UIDVALIDITY $v UNSEEN 0)
# by programs that know nothing of us
@deliver box 1000.a.x
Subject: one

body
.
1< * STATUS "INBOX.box" (MESSAGES 1 UIDNEXT 3 UIDVALIDITY $v UNSEEN 1)
@flags box 1000.a.x S
1< * STATUS "INBOX.box" (MESSAGES 1 UIDNEXT 3 UIDVALIDITY $v UNSEEN 0)
@unlink box 1000.a.x
1< * STATUS "INBOX.box" (MESSAGES 0 UIDNEXT 3 UIDVALIDITY $v UNSEEN 0)
# in IDLE as well
1> g IDLE
1< + entering ENHANCED idle mode
2> h APPEND INBOX.box {5+}$<0d0a>hello
2$ h OK
1< * STATUS "INBOX.box" (MESSAGES 1 UIDNEXT 4 UIDVALIDITY $v UNSEEN 1)
@deliver INBOX 1001.b.x
Subject: two

body
.
1< * STATUS "INBOX" (MESSAGES 1 UIDNEXT $_ UIDVALIDITY $_ UNSEEN 1)
1> DONE
1< g OK IDLE completed
# HIGHESTMODSEQ for those who have CONDSTORE; flags are not asked for
1> i ENABLE CONDSTORE
1$ i OK
1> j NOTIFY SET (mailboxes INBOX.box (MessageNew MessageExpunge))
1< j OK NOTIFY completed
2> k STORE 1 +FLAGS.SILENT (\Flagged)
2$ k OK
@deliver INBOX 1002.c.x
Subject: three

body
.
2> l APPEND INBOX.box {5+}$<0d0a>hello
2$ l OK
1< * STATUS "INBOX.box" (MESSAGES 2 UIDNEXT 5 UIDVALIDITY $v HIGHESTMODSEQ $_)
1> m NOTIFY NONE
1< m OK NOTIFY completed
2> n APPEND INBOX.box {5+}$<0d0a>hello
2$ n OK
@sleep 300
1=
