# RFC 3501 6.3.11, RFC 4315: APPEND
@text m
From: a@example.org
Subject: test

Hello
.
1> a APPEND INBOX {$#m}
1< + ...
1~ m
1> 
1< a OK [APPENDUID $validity 1] APPEND Ok.
1> b APPEND INBOX (\Seen \Flagged) "17-Jul-2024 02:44:25 -0700" {$#m}
1< + ...
1~ m
1> 
1< b OK [APPENDUID $validity 2] APPEND Ok.
1> c SELECT INBOX
1<* * 2 EXISTS
1<* * OK [UIDVALIDITY $validity] Ok
1$ c OK
1> d FETCH 2 (FLAGS RFC822.SIZE BODY.PEEK[])
1< * 2 FETCH (FLAGS (\Flagged \Seen...) RFC822.SIZE $#m BODY[] {$#m}|From: a@example.org|Subject: test||Hello|)
1$ d OK
1> e SEARCH ON 17-Jul-2024
1< * SEARCH 2
1$ e OK
1> f APPEND INBOX {$#m+}
1~ m
1> 
1< * 3 EXISTS
1< * $_ RECENT
1< f OK [APPENDUID $validity 3] APPEND Ok.
1>> g APPEND INBOX {3+}$<0d0a>abc
1> 
1<* * 4 EXISTS
1$ g OK [APPENDUID $validity 4] APPEND Ok.
1> h FETCH 4 BODY.PEEK[]
1< * 4 FETCH (BODY[] {$_}|abc...)
1$ h OK
