# RFC 7888: a non-synchronising literal far beyond the limit ends the client
@setting APPENDLIMIT=2000
1> a APPEND INBOX {100000000+}
1< * BYE [TOOBIG] ...
1- eof
