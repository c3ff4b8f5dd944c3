# RFC 9051: what ENABLE IMAP4rev2 changes, and that it changes nothing before
@deliver INBOX 1000.a.x
Subject: Grüße

one
.
@deliver INBOX 1001.b.x
Subject: two

two
.
1> a CAPABILITY
1< * CAPABILITY IMAP4rev1 IMAP4rev2 ...
1$ a OK
1> b EXAMINE INBOX
1<* * 2 RECENT
1<* * OK [UNSEEN 1] Ok
1$ b OK
1! * LIST ...
1> b2 SEARCH ALL
1< * SEARCH 1 2
1$ b2 OK
1> c ENABLE IMAP4rev2
1< * ENABLED IMAP4rev2
1$ c OK
1> d ENABLE imap4REV2
1< * ENABLED
1$ d OK
# 6.3.2: LIST, CLOSED; no RECENT, no UNSEEN
1> e SELECT INBOX
1<* * OK [CLOSED] ...
1<* * FLAGS (\Draft \Answered \Flagged \Deleted \Seen)
1<* * OK [PERMANENTFLAGS (\* \Draft \Answered \Flagged \Deleted \Seen)] Limited
1<* * 2 EXISTS
1<* * OK [UIDVALIDITY $_] Ok
1<* * OK [UIDNEXT 3] Ok
1<* * LIST (...\HasNoChildren...) "." "INBOX"
1! ... RECENT...
1! ... [UNSEEN ...
1! ... \Recent...
1$ e OK [READ-WRITE] Ok
# 6.4.4: ESEARCH whatever is asked
1> f SEARCH ALL
1< * ESEARCH (TAG "f") ALL 1:2
1$ f OK
1> g UID SEARCH SUBJECT "Grüße"
1< * ESEARCH (TAG "g") UID ALL 1
1$ g OK
1> h SEARCH SUBJECT nothing
1< * ESEARCH (TAG "h")
1$ h OK
1> i SEARCH RETURN (COUNT MIN) UNSEEN
1< * ESEARCH (TAG "i") MIN 1 COUNT 2
1$ i OK
1> j SEARCH RETURN () CHARSET UTF-8 TEXT two
1< * ESEARCH (TAG "j") ALL 2
1$ j OK
1> k SORT (REVERSE ARRIVAL) UTF-8 UNSEEN
1< * SORT ...
1$ k OK
# flags have no \Recent, and what is not asked for has a UID (7.5.2)
1> l FETCH 1 (FLAGS)
1< * 1 FETCH (FLAGS ())
1$ l OK
2> a SELECT INBOX
2$ a OK
2> b STORE 2 +FLAGS (\Flagged)
2$ b OK
1> m NOOP
1< * 2 FETCH (UID 2 FLAGS (\Flagged))
1$ m OK
@deliver INBOX 1002.c.x
Subject: three

.
1> n NOOP
1< * 3 EXISTS
1! ... RECENT
1$ n OK
# 5.1: names are UTF-8, quoted, in normalization form C
1> o CREATE "INBOX.Entwürfe"
1< o OK [MAILBOXID (F$_)] "INBOX.Entwürfe" created.
1> p LIST "" "INBOX.Ent*"
1< * LIST (\HasNoChildren) "." "INBOX.Entwürfe"
1$ p OK
1> q STATUS INBOX.Entw&APw-rfe (MESSAGES)
1$ q NO
1> r CREATE "INBOX.Entwu$<cc88>rfe"
1< r NO [CANNOT] Invalid mailbox name.
1> s RENAME "INBOX.Entwürfe" "INBOX.Zo$<65cc88>"
1< s NO [CANNOT] Invalid new mailbox name
1> t SELECT "INBOX.Entwürfe"
1<* * LIST (\HasNoChildren) "." "INBOX.Entwürfe"
1$ t OK
1> u SEARCH ALL
1< * ESEARCH (TAG "u")
1$ u OK
# the other one speaks IMAP4rev1 as before
2> c LIST "" "INBOX.Ent*"
2< * LIST (\HasNoChildren) "." "INBOX.Entw&APw-rfe"
2$ c OK
2> d SEARCH FLAGGED
2< * SEARCH 2
2$ d OK
# UNSELECT, then nothing is closed by the next
1> v UNSELECT
1$ v OK
1> w SELECT INBOX
1! * OK [CLOSED] ...
1$ w OK
# 7.1, 6.4.7: a copy says where it went; a folder that is not there may be made
1> x COPY 1 "INBOX.Entwürfe"
1< x OK [COPYUID $_ 1 1] ...
1> y MOVE 2 "INBOX.Größe"
1< y NO [TRYCREATE] ...
1> z FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])
1< * 1 FETCH (BINARY.SIZE[1] 5 BINARY[1] {5}|one|)
1$ z OK
