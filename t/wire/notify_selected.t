# RFC 5465 5.1 to 5.3, 6.1: the selected mailbox, SELECTED and SELECTED-DELAYED
@only daemon
@deliver INBOX 1000.a.x
Subject: one

body
.
2> a SELECT INBOX
2$ a OK
2> a CREATE INBOX.box
2$ a OK
1> a SELECT INBOX
1$ a OK
1> b NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))
1< b OK NOTIFY completed
2> c STORE 1 +FLAGS.SILENT (\Flagged)
2$ c OK
1< * 1 FETCH (UID 1 FLAGS (\Flagged))
2> d APPEND INBOX {5+}$<0d0a>hello
2$ d OK
1< * 2 EXISTS
1< * $_ RECENT
1< * 2 FETCH (UID 2 FLAGS (...))
@deliver INBOX 1001.b.x
Subject: two

body
.
1< * 3 EXISTS
1< * $_ RECENT
1< * 3 FETCH (UID 3 FLAGS (...))
@unlink INBOX 1001.b.x
1< * 3 EXPUNGE
1< * 2 EXISTS
1< * $_ RECENT
# another mailbox is not in the set
2> e APPEND INBOX.box {5+}$<0d0a>hello
2$ e OK
# attributes of what is new; \Seen is not set by them
1> f NOTIFY SET (selected (MessageNew (RFC822.SIZE BODY[HEADER.FIELDS (SUBJECT)]) MessageExpunge))
1< f OK NOTIFY completed
2> g APPEND INBOX {17+}$<0d0a>Subject: x$<0d0a0d0a>ab$<0d0a>
2$ g OK
1< * 3 EXISTS
1< * $_ RECENT
1< * 3 FETCH (UID 4 RFC822.SIZE ... BODY[HEADER.FIELDS (SUBJECT)] {14}|Subject: x||)
2> h STORE 3 +FLAGS.SILENT (\Draft)
2$ h OK
@sleep 300
1=
1> i FETCH 3 FLAGS
1< * 3 FETCH (FLAGS (\Draft...))
1< i OK FETCH completed.
# SELECTED-DELAYED: EXPUNGE waits for a command that may tell it
1> j NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))
1< j OK NOTIFY completed
2> k STORE 1 +FLAGS.SILENT (\Deleted)
2$ k OK
1< * 1 FETCH (UID 1 FLAGS (\Flagged \Deleted))
2> l EXPUNGE
2$ l OK
@sleep 300
1=
1> m NOOP
1< * 1 EXPUNGE
1< * 2 EXISTS
1< * $_ RECENT
1< m OK NOOP completed
1> n IDLE
1< + entering ENHANCED idle mode
2> o STORE 1 +FLAGS.SILENT (\Deleted)
2$ o OK
1< * 1 FETCH (UID 2 FLAGS (\Deleted...))
2> p EXPUNGE
2$ p OK
1< * 1 EXPUNGE
1< * 1 EXISTS
1< * $_ RECENT
1> DONE
1< n OK IDLE completed
# RFC 7162: VANISHED and MODSEQ for those who have QRESYNC
1> q ENABLE QRESYNC
1$ q OK
1> r NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))
1< r OK NOTIFY completed
2> s STORE 1 +FLAGS.SILENT (\Deleted)
2$ s OK
1< * 1 FETCH (UID 4 FLAGS (\Draft \Deleted...) MODSEQ ($_))
2> t EXPUNGE
2$ t OK
1< * VANISHED 4
1< * 0 EXISTS
1< * 0 RECENT
# MODSEQ among the attributes asks for CONDSTORE
3> a SELECT INBOX
3$ a OK
3> b NOTIFY SET (selected (MessageNew (MODSEQ PREVIEW) MessageExpunge FlagChange))
3<* * OK [HIGHESTMODSEQ $_] ...
3< b OK NOTIFY completed
2> u APPEND INBOX {5+}$<0d0a>hello
2$ u OK
3< * 1 EXISTS
3< * $_ RECENT
3< * 1 FETCH (UID 5 MODSEQ ($_) PREVIEW ...)
2> v STORE 1 +FLAGS.SILENT (\Seen)
2$ v OK
3< * 1 FETCH (UID 5 FLAGS (...\Seen...) MODSEQ ($_))
