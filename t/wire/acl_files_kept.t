# COURIER 3.6, 3.7: shared folders are not served yet; the files of ACLs and
# the subscription lines about them stay as they are.
@mkdir Box
@mkdir Box.under
@write courierimapacl
owner aceilrstwx
user=joe lrs
-user=bob w
.
@write .Box/courierimapacl
owner aceilrstwx
anyone lr
.
@write .Box.under/courierimapacl
group=staff lrs
.
@write courierimapsubscribed
#shared.joe.Pub
INBOX.Box
shared.old.Team
.
1+
1> a SELECT INBOX.Box
1$ a OK
1> b APPEND INBOX.Box (\Seen word) {22+}
1>> Subject: x$<0d0a0d0a>
1> 12345678
1$ b OK
1> c STORE 1 +FLAGS (\Deleted)
1$ c OK
1> d EXPUNGE
1$ d OK
1> e SELECT INBOX
1$ e OK
1> f SUBSCRIBE INBOX.Box.under
1$ f OK
1> g UNSUBSCRIBE INBOX.Box
1$ g OK
1> h RENAME INBOX.Box INBOX.Moved
1$ h OK
1> i CREATE INBOX.Box
1$ i OK
1> j LOGOUT
1$ j OK
@has courierimapacl owner aceilrstwx
@has courierimapacl user=joe lrs
@has courierimapacl -user=bob w
@has .Moved/courierimapacl owner aceilrstwx
@has .Moved/courierimapacl anyone lr
@has .Moved.under/courierimapacl group=staff lrs
@has courierimapsubscribed #shared.joe.Pub
@has courierimapsubscribed shared.old.Team
@ls Box courierimapacl 0
