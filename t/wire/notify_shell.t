# RFC 5465: a shell session has no worker that could wake it
@only shell
1> a CAPABILITY
1<* * CAPABILITY ...
1! ...NOTIFY...
1$ a OK
1> b NOTIFY NONE
1< b BAD NOTIFY is not possible from a shell.
