# RFC 7162 3.1: change numbers in SELECT, STATUS, FETCH, SEARCH and STORE
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
1> a SELECT INBOX (CONDSTORE)
1<* * OK [HIGHESTMODSEQ $first] Ok
1$ a OK [READ-WRITE] Ok
1> b FETCH 1:2 (UID MODSEQ)
1< * 1 FETCH (UID 1 MODSEQ ($first))
1< * 2 FETCH (UID 2 MODSEQ ($first))
1< b OK FETCH completed.
1> c STORE 2 +FLAGS (\Flagged)
1< * 2 FETCH (FLAGS (\Flagged \Recent) MODSEQ ($second))
1< c OK STORE completed.
# nothing changes, no new number
1> d STORE 2 +FLAGS (\Flagged)
1< * 2 FETCH (FLAGS (\Flagged \Recent) MODSEQ ($second))
1< d OK STORE completed.
1> e STORE 3 +FLAGS.SILENT (\Seen)
1< * 3 FETCH (MODSEQ ($third))
1< e OK STORE completed.
1> f FETCH 1:* (FLAGS) (CHANGEDSINCE $first)
1< * 2 FETCH (FLAGS (\Flagged \Recent) MODSEQ ($second))
1< * 3 FETCH (FLAGS (\Seen \Recent) MODSEQ ($third))
1< f OK FETCH completed.
1> g FETCH 1:* (UID MODSEQ) (CHANGEDSINCE $second)
1< * 3 FETCH (UID 3 MODSEQ ($third))
1< g OK FETCH completed.
1> h UID FETCH 1:* (FLAGS) (CHANGEDSINCE $third)
1< h OK FETCH completed.
1> i SEARCH MODSEQ $second
1< * SEARCH 2 3 (MODSEQ $third)
1< i OK SEARCH done.
1> j SEARCH MODSEQ "/flags/\\draft" all $third
1< * SEARCH 3 (MODSEQ $third)
1< j OK SEARCH done.
1> k SEARCH RETURN (MIN) MODSEQ $second
1< * ESEARCH (TAG "k") MIN 2 MODSEQ $second
1< k OK SEARCH done.
1> k2 SEARCH RETURN (MIN MAX) MODSEQ $second
1< * ESEARCH (TAG "k2") MIN 2 MAX 3 MODSEQ $third
1< k2 OK SEARCH done.
1> k3 SEARCH RETURN (ALL COUNT) MODSEQ $first FLAGGED
1< * ESEARCH (TAG "k3") ALL 2 COUNT 1 MODSEQ $second
1< k3 OK SEARCH done.
1> k4 SEARCH RETURN (ALL) MODSEQ 9007199254740991
1< * ESEARCH (TAG "k4")
1< k4 OK SEARCH done.
1> k5 SEARCH MODSEQ 9007199254740991
1< * SEARCH
1< k5 OK SEARCH done.
1> k6 SORT (ARRIVAL) UTF-8 MODSEQ $second
1< * SORT 2 3 (MODSEQ $third)
1< k6 OK SORT done.
1> l STATUS INBOX (HIGHESTMODSEQ MESSAGES)
1< * STATUS "INBOX" (MESSAGES 5 HIGHESTMODSEQ $third)
1< l OK STATUS Completed.
# a fetch that sets \Seen
1> m FETCH 4 BODY[HEADER]
1< * 4 FETCH (BODY[HEADER] {17}|Subject: four|| MODSEQ ($fourth) FLAGS (\Seen \Recent))
1< m OK FETCH completed.
1> n LOGOUT
1$ n OK
2> a SELECT INBOX
2<* * OK [HIGHESTMODSEQ $fourth] Ok
2$ a OK
2> b STORE 1 +FLAGS (\Draft)
2< * 1 FETCH (FLAGS (\Draft))
2< b OK STORE completed.
2> c FETCH 1 MODSEQ
2< * OK [HIGHESTMODSEQ $fifth] Ok
2< * 1 FETCH (MODSEQ ($fifth))
2< c OK FETCH completed.
2> d STORE 1 -FLAGS (\Draft)
2< * 1 FETCH (FLAGS () MODSEQ ($_))
2< d OK STORE completed.
2> e FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)
2< e BAD ...
2> f UID FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)
2< f BAD ...
2> g SELECT INBOX (QRESYNC (1 1))
2< g BAD ...
2> h SELECT INBOX (NONSENSE)
2< h BAD ...
