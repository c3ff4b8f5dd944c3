# IMAP_MOVE_EXPUNGE_TO_TRASH: RFC 3501 6.4.3 EXPUNGE, with Courier's magic trash
@setting IMAP_MOVE_EXPUNGE_TO_TRASH=1
@deliver INBOX one
Subject: one

.
@flags INBOX one FT
@deliver INBOX two
Subject: two

.
@flags INBOX two T
@deliver INBOX three
Subject: three

.
@flags INBOX three DST
1> a CAPABILITY
1<* * CAPABILITY ... XMAGICTRASH...
1$ a OK
1> b SELECT INBOX
1$ b OK
1> c CREATE INBOX.a
1$ c OK
# copied before: moved by the client, not deleted
1> d SEARCH SUBJECT two
1< * SEARCH $n
1$ d OK
1> e COPY $n INBOX.a
1$ e OK
1> f EXPUNGE
1< * 1 EXPUNGE
1< * 1 EXPUNGE
1< * 1 EXPUNGE
1$ f OK
@ls INBOX cur/* 0
1> g EXAMINE INBOX.Trash
1<* * 2 EXISTS
1$ g OK
1> h FETCH 1:2 (FLAGS)
1<* * $_ FETCH (FLAGS (\Flagged...))
1$ h OK
1! ... \Deleted...
1! ... \Draft...
1> i SEARCH SUBJECT two
1< * SEARCH
1$ i OK
# CLOSE and UID EXPUNGE likewise
1> j SELECT INBOX.a
1$ j OK
1> k STORE 1 +FLAGS.SILENT (\Deleted)
1$ k OK
1> l CLOSE
1< l OK ...
1> m STATUS INBOX.Trash (MESSAGES)
1< * STATUS "INBOX.Trash" (MESSAGES 3)
1$ m OK
# in the trash it is for good
1> n SELECT INBOX.Trash
1$ n OK
1> o STORE 1:* +FLAGS.SILENT (\Deleted)
1$ o OK
1> p UID EXPUNGE 1:*
1$ p OK
1> q STATUS INBOX.Trash (MESSAGES)
1<* * STATUS "INBOX.Trash" (MESSAGES 0)
1$ q OK
