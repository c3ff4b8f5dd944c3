# RFC 10022: ranges of UIDs with so many messages each, the newest first
1> a UIDBATCHES 2000
1$ a BAD
1> b SELECT INBOX
1$ b OK
1> c UIDBATCHES 500
1< * UIDBATCHES (TAG "c")
1$ c OK
@deliver INBOX
Subject: one

.
@deliver INBOX
Subject: two

.
@deliver INBOX
Subject: three

.
1> d NOOP
1$ d OK
1> e UIDBATCHES 2000
1< * UIDBATCHES (TAG "e") 3:1
1$ e OK UIDBATCHES completed
1> f UIDBATCHES 2000 1:5
1< * UIDBATCHES (TAG "f") 3:1
1$ f OK
1> g UIDBATCHES 2000 6:8
1< * UIDBATCHES (TAG "g")
1$ g OK
# limits, each at its edge
1> h UIDBATCHES 499
1< h NO [TOOFEW] Minimum batch size is 500
1> i UIDBATCHES 500 1:200
1< * UIDBATCHES (TAG "i") 3:1
1$ i OK
1> j UIDBATCHES 500 1:201
1< j NO [TOOMANY] Too many messages
1> k UIDBATCHES 100000 1:1
1< * UIDBATCHES (TAG "k") 3:1
1$ k OK
1> l UIDBATCHES 100001 1:1
1< l NO [TOOMANY] Too many messages
1> m UIDBATCHES 2000 4:1
1< m BAD [CLIENTBUG] Invalid batch range
1> n UIDBATCHES 0
1$ n BAD
1> o UIDBATCHES 2000 1
1$ o BAD
1> p UIDBATCHES 4294967295 1:4294967295
1< p NO [TOOMANY] Too many messages
# "$" is as it was
1> q SEARCH RETURN (SAVE) SUBJECT two
1$ q OK
1> r UIDBATCHES 500
1$ r OK
1> s FETCH $ (UID)
1< * 2 FETCH (UID 2)
1$ s OK
# what is gone is in no batch
1> t STORE 3 +FLAGS.SILENT (\Deleted)
1$ t OK
1> u EXPUNGE
1$ u OK
1> v UIDBATCHES 500
1< * UIDBATCHES (TAG "v") 2:1
1$ v OK
1> w UID UIDBATCHES 500
1$ w BAD
