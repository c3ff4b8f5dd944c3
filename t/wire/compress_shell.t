# RFC 4978: a shell session has no worker that could compress
@only shell
1> a CAPABILITY
1<* * CAPABILITY ...
1! ...COMPRESS...
1$ a OK
1> b COMPRESS DEFLATE
1< b BAD COMPRESS is not possible from a shell.
1> c NOOP
1< c OK NOOP completed
