# RFC 3501 5.5: commands in one segment are answered in their order
@deliver INBOX 1000.a.x
Subject: one

body
.
1>> a SELECT INBOX$<0d0a>b FETCH 1 UID$<0d0a>c STORE 1 +FLAGS (\Deleted)$<0d0a>d EXPUNGE$<0d0a>e NOOP$<0d0a>f LOGOUT$<0d0a>
1$ a OK
1< * 1 FETCH (UID 1)
1< b OK FETCH completed.
1< * 1 FETCH (FLAGS (...\Deleted...))
1< c OK STORE completed.
1< * 1 EXPUNGE
1< * 0 EXISTS
1< * 0 RECENT
1< d OK EXPUNGE completed.
1< e OK NOOP completed
1< * BYE ...
1< f OK LOGOUT completed
1- eof
