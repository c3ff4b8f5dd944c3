# A message larger than all buffers is served byte for byte, and in pieces
1>> a APPEND INBOX {3000000+}$<0d0a>
1~ 3000000
1> 
1$ a OK
1> b SELECT INBOX
1$ b OK
1> c FETCH 1 RFC822.SIZE
1< * 1 FETCH (RFC822.SIZE $size)
1$ c OK
1> d FETCH 1 BODY.PEEK[]
1< * 1 FETCH (BODY[] {$size}|xxxxxxxxxx...)
1$ d OK
1> e FETCH 1 BODY.PEEK[]<720070.4>
1< * 1 FETCH (BODY[]<720070> {4}|...)
1$ e OK
1> f FETCH 1 BODY.PEEK[]<142.4>
1< * 1 FETCH (BODY[]<142> {4}||xx)
1$ f OK
