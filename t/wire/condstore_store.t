# RFC 7162 3.1.3: STORE (UNCHANGEDSINCE) leaves what was changed, MODIFIED
@deliver INBOX 1000.a.x
Subject: one

body
.
@deliver INBOX 1001.b.x
Subject: two

body
.
@deliver INBOX 1002.c.x
Subject: three

body
.
@deliver INBOX 1003.d.x
Subject: four

body
.
@deliver INBOX 1004.e.x
Subject: five

body
.
1> a SELECT INBOX
1<* * OK [HIGHESTMODSEQ $first] Ok
1$ a OK
2> a SELECT INBOX
2$ a OK
2> b STORE 2 +FLAGS (\Flagged)
2$ b OK
1> b STORE 1:3 (UNCHANGEDSINCE $first) +FLAGS (\Deleted)
1< * OK [HIGHESTMODSEQ $_] Ok
1< * 1 FETCH (FLAGS (\Deleted \Recent) MODSEQ ($two))
1< * 3 FETCH (FLAGS (\Deleted \Recent) MODSEQ ($two))
1< * 2 FETCH (FLAGS (\Flagged \Recent) MODSEQ ($one))
1< b OK [MODIFIED 2] STORE completed.
1> c UID STORE 1:* (UNCHANGEDSINCE $one) -FLAGS.SILENT (\Deleted)
1< * 2 FETCH (UID 2 MODSEQ ($one))
1< * 4 FETCH (UID 4 MODSEQ ($first))
1< * 5 FETCH (UID 5 MODSEQ ($first))
1< c OK [MODIFIED 1,3] STORE completed.
1> d STORE 1:5 (UNCHANGEDSINCE 0) FLAGS (\Seen)
1< d OK [MODIFIED 1:5] STORE completed.
# a foreign program's change that nobody has seen yet counts
@sleep 30
@flags INBOX 1003.d.x R
1> e STORE 4 (UNCHANGEDSINCE $two) +FLAGS (\Seen)
1< * 4 FETCH (FLAGS (\Answered \Recent) MODSEQ ($_))
1< e OK [MODIFIED 4] STORE completed.
1> f STORE 4,5 (UNCHANGEDSINCE 9007199254740991) +FLAGS ($$Work)
1<* * 4 FETCH (FLAGS (\Answered \Recent $$Work) MODSEQ ($six))
1<* * 5 FETCH (FLAGS (\Recent $$Work) MODSEQ ($six))
1$ f OK STORE completed.
1> g STORE 9 (UNCHANGEDSINCE 1) +FLAGS (\Seen)
1< g BAD ...
