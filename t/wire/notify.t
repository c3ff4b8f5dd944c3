# RFC 5465 3.1: NOTIFY's grammar, refusals, STATUS, NONE
@only daemon
1> a CREATE INBOX.one
1$ a OK
1> a CREATE INBOX.two
1$ a OK
1> b CAPABILITY
1<* * CAPABILITY ... NOTIFY ...
1$ b OK
1> b NOTIFY
1< b BAD ...
1> b NOTIFY SET
1< b BAD ...
1> b NOTIFY SET (personal)
1< b BAD ...
1> b NOTIFY SET (nowhere NONE)
1< b BAD ...
1> b NOTIFY SET (personal (MessageNew))
1< b BAD MessageNew and MessageExpunge go together ...
1> b NOTIFY SET (personal (FlagChange))
1< b BAD FlagChange needs MessageNew ...
1> b NOTIFY SET (selected (MessageNew MessageExpunge MailboxName))
1< b BAD ...
1> b NOTIFY SET (selected (MessageNew MessageExpunge)) (selected-delayed NONE)
1< b BAD selected more than once ...
1> b NOTIFY SET (personal (MessageNew (UID) MessageExpunge))
1< b BAD attributes of mailboxes that are not selected ...
1> b NOTIFY SET (personal (AnnotationChange MessageNew MessageExpunge))
1< b NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)] There is no such event here.
1> b NOTIFY SET (personal (MailboxMetadataChange ServerMetadataChange))
1< b NO [BADEVENT (MessageNew ...)] There is no such event here.
1> c NOTIFY SET STATUS (personal (MessageNew MessageExpunge))
1< * STATUS "INBOX" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $_)
1< * STATUS "INBOX.one" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $_)
1< * STATUS "INBOX.two" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $_)
1< c OK NOTIFY completed
1> c SELECT INBOX
1$ c OK
1> d NOTIFY SET STATUS (subtree INBOX.one NONE) (personal (FlagChange MessageNew MessageExpunge))
1< * STATUS "INBOX.two" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $_ UNSEEN 0)
1< d OK NOTIFY completed
1> e NOTIFY NONE
1< e OK NOTIFY completed
@deliver INBOX 1000.a.x
Subject: one

body
.
1> f IDLE
1< + entering ENHANCED idle mode
@sleep 1500
1=
1> DONE
1< * 1 EXISTS
1< * 1 RECENT
1< f OK IDLE completed
