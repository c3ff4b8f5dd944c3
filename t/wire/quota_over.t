# RFC 9208 6.2, RFC 5530: OVERQUOTA, before any data is asked for
@text m
Subject: x

Hello
.
@write maildirsize
60S
          20            1
.
@deliver INBOX one
Subject: delivered
.
1> a APPEND INBOX {61}
1< a NO [OVERQUOTA] You exceeded your mail quota.
1> b APPEND INBOX {61+}
1~ 61
1> 
1< b NO [OVERQUOTA] You exceeded your mail quota.
1> c NOOP
1< c OK ...
1> d APPEND INBOX {$#m}
1< + ...
1~ m
1> 
1< d OK [APPENDUID ...
@ls INBOX [cn]*/* 2
1> e SELECT INBOX
1$ e OK
1> f CREATE INBOX.a
1$ f OK
# 19 delivered, 18 appended: both again are too much, one is not
1> g COPY 1:2 INBOX.a
1$ g NO [OVERQUOTA] You exceeded your mail quota.
1> h STATUS INBOX.a (MESSAGES)
1< * STATUS "INBOX.a" (MESSAGES 0)
1$ h OK
1> i COPY 2 INBOX.a
1$ i OK [COPYUID ...
# what leaves nothing behind needs no room
1> j MOVE 1 INBOX.a
1$ j OK
1> k CREATE INBOX.Trash
1$ k OK
1> l APPEND INBOX.Trash {61}
1< + ...
1~ 61
1> 
1< l OK [APPENDUID ...
1> m APPEND INBOX (\Deleted) {61+}
1~ 61
1> 
1$ m OK
# MULTIAPPEND: the second one would be too much
1>> n APPEND INBOX {2+}$<0d0a>x$<0a> {60}$<0d0a>
1$ n NO [OVERQUOTA] You exceeded your mail quota.
# undeleting what does not fit
1> o SELECT INBOX
1$ o OK
1> p STORE 1:* -FLAGS (\Deleted)
1$ p NO [OVERQUOTA] You exceeded your mail quota.
