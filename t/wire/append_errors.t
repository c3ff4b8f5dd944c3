# RFC 3501 6.3.11, RFC 5530, RFC 7889: what APPEND refuses, and when
@setting APPENDLIMIT=2000
@text m
Subject: test

Hello
.
1> a APPEND INBOX.nowhere {$#m}
1< a NO [TRYCREATE] Must create mailbox before append
1> b APPEND nowhere {$#m}
1< b NO [CANNOT] ...
1> c APPEND INBOX {2001}
1< c NO [TOOBIG] ...
1> d APPEND INBOX {2001+}
1~ 2001
1> 
1< d NO [TOOBIG] ...
1> e NOOP
1< e OK NOOP completed
1> f APPEND INBOX {0}
1< f NO ...
1>> g APPEND INBOX {0+}$<0d0a>
1> 
1< g NO ...
1>> h APPEND INBOX {5+}$<0d0a>ab$<00>cd
1> 
1< h BAD ...
1>> i APPEND INBOX.nowhere {19+}$<0d0a>x1 DELETE INBOX.a$<0d0a>
1> 
1< i NO [TRYCREATE] Must create mailbox before append
1> j APPEND INBOX (\Recent) {3}
1< j BAD ...
1> k APPEND INBOX (\Seen
1< k BAD ...
1> l APPEND INBOX "32-Jul-2024 00:00:00 +0000" {3}
1< l BAD ...
1>> m APPEND INBOX {3+}$<0d0a>abcjunk
1> 
1< m BAD ...
1> n APPEND INBOX
1< n BAD ...
1> o APPEND INBOX {2000}
1< + ...
1~ 2000
1> 
1< o OK [APPENDUID $_ 1] APPEND Ok.
@ls INBOX tmp/* 0
1> p STATUS INBOX (MESSAGES)
1< * STATUS "INBOX" (MESSAGES 1)
1$ p OK
1>> q APPEND "INBOX.&xyz" {19+}$<0d0a>x1 DELETE INBOX.a$<0d0a>
1> 
1< q NO [CANNOT] ...
1> r NOOP
1< r OK NOOP completed
