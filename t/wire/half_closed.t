# A client that goes away while it waits leaves no process behind
1> a SELECT INBOX
1$ a OK
1> b IDLE
1< + ...
1-
2> a SELECT INBOX
2$ a OK
2-
