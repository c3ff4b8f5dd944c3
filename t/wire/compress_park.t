# COMPRESS and parking: IDLE parked, woken, DONE, NOOP
@only daemon
@setting IMAP_PARK_LINGER=0
1> a COMPRESS DEFLATE
1< a OK DEFLATE active
1^
1> b SELECT INBOX
1$ b OK
2> b SELECT INBOX
2$ b OK
1> c IDLE
1< + entering ENHANCED idle mode
@sleep 500
2> d APPEND INBOX {5+}$<0d0a>hello
2$ d OK
1< * 1 EXISTS
1< * $_ RECENT
1<* * 1 FETCH ...
@sleep 500
2> e STORE 1 +FLAGS.SILENT (\Flagged)
2$ e OK
1<* * 1 FETCH (FLAGS (\Flagged...))
@sleep 500
1> DONE
1< c OK IDLE completed
@sleep 300
1> f UNSELECT
1< f OK ...
@sleep 300
1> g NOOP
1< g OK ...
1> h COMPRESS DEFLATE
1< h NO [COMPRESSIONACTIVE] ...
1> i LOGOUT
1< * BYE ...
1< i OK LOGOUT completed
1- eof
