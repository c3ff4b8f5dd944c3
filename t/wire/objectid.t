# RFC 8474: MAILBOXID stays with a mailbox, EMAILID with what a message is; no THREADID
@deliver INBOX 1000.a.x
Subject: Message A

body
.
@deliver INBOX 1001.b.x
Subject: Message B

body
.
1> a CREATE INBOX.foo
1< a OK [MAILBOXID (F$foo)] "INBOX.foo" created.
1> b CREATE INBOX.bar
1< b OK [MAILBOXID (F$bar)] "INBOX.bar" created.
1> c CREATE INBOX.foo
1$ c NO
1> d SELECT INBOX.foo
1<* * OK [MAILBOXID (F$foo)] Ok
1$ d OK
1> e EXAMINE INBOX
1<* * OK [MAILBOXID (F$inbox)] Ok
1$ e OK
1> f STATUS INBOX.foo (MAILBOXID MESSAGES)
1< * STATUS "INBOX.foo" (MESSAGES 0 MAILBOXID (F$foo))
1$ f OK
1> g RENAME INBOX.foo INBOX.renamed
1$ g OK
1> h STATUS INBOX.renamed (MAILBOXID)
1< * STATUS "INBOX.renamed" (MAILBOXID (F$foo))
1$ h OK
1> i LIST "" "INBOX.bar" RETURN (STATUS (MAILBOXID))
1< * LIST (\HasNoChildren) "." "INBOX.bar"
1< * STATUS "INBOX.bar" (MAILBOXID (F$bar))
1$ i OK
# another of that name is another mailbox
1> j CREATE INBOX.foo
1< j OK [MAILBOXID (F$other)] "INBOX.foo" created.
1> k STATUS INBOX.foo (MAILBOXID)
1! ... (F$foo) ...
1< * STATUS "INBOX.foo" (MAILBOXID (F$other))
1$ k OK
1> l SELECT INBOX
1$ l OK
1> m FETCH 1:2 (EMAILID THREADID)
1< * 1 FETCH (EMAILID (M$a) THREADID NIL)
1< * 2 FETCH (EMAILID (M$b) THREADID NIL)
1$ m OK
1> n SEARCH EMAILID M$b
1< * SEARCH 2
1$ n OK
1> o SEARCH OR EMAILID M$a EMAILID M$b
1< * SEARCH 1 2
1$ o OK
1> p SEARCH THREADID T1
1< * SEARCH
1$ p OK
1> q SEARCH NOT EMAILID m$b
1< * SEARCH 1 2
1$ q OK
1> r COPY 1 INBOX.bar
1$ r OK
1> s MOVE 2 INBOX.bar
1$ s OK
1> t SELECT INBOX.bar
1$ t OK
1> u FETCH 1:2 (UID EMAILID)
1< * 1 FETCH (UID 1 EMAILID (M$a))
1< * 2 FETCH (UID 2 EMAILID (M$b))
1$ u OK
# in another session, and when a flag has changed
2> a SELECT INBOX
2$ a OK
2> b STORE 1 +FLAGS (\Seen)
2$ b OK
2> c UID FETCH 1 (EMAILID)
2< * 1 FETCH (UID 1 EMAILID (M$a))
2$ c OK
2> d FETCH 1 (MAILBOXID)
2$ d BAD
