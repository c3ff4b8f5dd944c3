# RFC 3502: MULTIAPPEND is all or nothing
@text m
Subject: test

Hello
.
1>> a APPEND INBOX (\Seen) {$#m+}$<0d0a>
1~ m
1>>  (\Flagged) "17-Jul-2024 02:44:25 -0700" {$#m+}$<0d0a>
1~ m
1>>  {$#m+}$<0d0a>
1~ m
1> 
1< a OK [APPENDUID $_ 1:3] APPEND Ok.
1> b SELECT INBOX
1$ b OK
1> c FETCH 1:3 FLAGS
1< * 1 FETCH (FLAGS (\Seen...))
1< * 2 FETCH (FLAGS (\Flagged...))
1< * 3 FETCH (FLAGS (...))
1$ c OK
1> d APPEND INBOX {$#m}
1< + ...
1~ m
1>  {$#m}
1< + ...
1~ m
1> 
1$ d OK [APPENDUID $_ 4:5] APPEND Ok.
1> e APPEND INBOX {$#m}
1< + ...
1~ m
1>  {0}
1$ e NO ...
1> f APPEND INBOX {$#m}
1< + ...
1~ m
1>  (\Recent) {5}
1$ f BAD ...
1>> g APPEND INBOX {$#m+}$<0d0a>
1~ m
1>>  {5+}$<0d0a>a$<00>bcd {$#m+}$<0d0a>
1~ m
1> 
1$ g BAD ...
1> h NOOP
1$ h OK
1> i STATUS INBOX (MESSAGES)
1< * STATUS "INBOX" (MESSAGES 5)
1$ i OK
@ls INBOX tmp/* 0
