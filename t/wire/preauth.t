# RFC 3501 7.1.4: a shell begins logged in; LOGIN and its like are BAD then
@only shell
1> a LOGIN demo demo
1$ a BAD ...
1> b AUTHENTICATE PLAIN
1$ b BAD ...
1> c STARTTLS
1$ c BAD ...
1> d SELECT INBOX
1$ d OK [READ-WRITE] Ok
