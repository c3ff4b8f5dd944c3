# Lines of other namespaces in courierimapsubscribed are kept and not shown
@write courierimapsubscribed
#shared.joe.Pub
INBOX.Sent
.
1> a LSUB "" *
1< * LSUB (\HasNoChildren) "." "INBOX.Sent"
1< a OK ...
1> b SUBSCRIBE INBOX.Work
1$ b OK
1> c UNSUBSCRIBE INBOX.Sent
1$ c OK
@has courierimapsubscribed #shared.joe.Pub
@has courierimapsubscribed INBOX.Work
