# RFC 4978: COMPRESS=DEFLATE from the byte behind the OK on, both ways
@only daemon
1+ nologin
1< * OK ...
1! ...COMPRESS...
1> a0 COMPRESS DEFLATE
1< a0 BAD ...
1> a1 LOGIN demo demo
1< a1 OK [CAPABILITY ...COMPRESS=DEFLATE...] LOGIN Ok.
1> a COMPRESS
1< a BAD ...
1> a COMPRESS LZMA
1< a BAD ...
1> a COMPRESS DEFLATE NOW
1< a BAD ...
1> b COMPRESS DEFLATE
1< b OK DEFLATE active
1^
1> c NOOP
1< c OK NOOP completed
1> d COMPRESS DEFLATE
1< d NO [COMPRESSIONACTIVE] DEFLATE is active already.
1> e CAPABILITY
1< * CAPABILITY ...
1< e OK CAPABILITY completed
# a literal, asked for and not
1> f APPEND INBOX {16}
1< + ...
1> Subject: one|
1>
1< f OK [APPENDUID ...] APPEND Ok.
1>> g APPEND INBOX {100000+}$<0d0a>
1~ 100000
1>
1< g OK [APPENDUID ...] APPEND Ok.
1> h SELECT INBOX
1$ h OK
1> i FETCH 1:2 (RFC822.SIZE)
1< * 1 FETCH (RFC822.SIZE 16)
1< * 2 FETCH (RFC822.SIZE 100000)
1< i OK FETCH completed.
1> j FETCH 2 BODY.PEEK[]
1< * 2 FETCH (BODY[] {100000}...)
1$ j OK
# IDLE wakes through it
2> a SELECT INBOX
2$ a OK
1> k IDLE
1< + entering ENHANCED idle mode
2> b STORE 1 +FLAGS.SILENT (\Flagged)
2$ b OK
1<* * 1 FETCH (FLAGS (\Flagged...))
1> DONE
1< k OK IDLE completed
1> l LOGOUT
1< * BYE ...
1< l OK LOGOUT completed
1- eof
