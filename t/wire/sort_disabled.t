# IMAP_DISABLETHREADSORT: RFC 5256 commands are refused and not announced
@setting IMAP_DISABLETHREADSORT=1
1> a CAPABILITY
1<* * CAPABILITY ...
1! ... SORT...
1! ...ESORT...
1! ...THREAD=...
1$ a OK
1> b SELECT INBOX
1$ b OK
1> c SORT (DATE) UTF-8 ALL
1< c NO This command is disabled by the system administrator.
1> d UID THREAD REFERENCES UTF-8 SUBJECT {1+}
1> x
1< d NO This command is disabled by the system administrator.
1> e UID SORT RETURN (COUNT) (DATE) UTF-8 ALL
1< e NO This command is disabled by the system administrator.
1> f SEARCH ALL
1$ f OK
