# RFC 5465 5.4, 5.5: MailboxName and SubscriptionChange
@only daemon
1> a NOTIFY SET (personal (MailboxName SubscriptionChange))
1< a OK NOTIFY completed
2> a CREATE INBOX.new
2$ a OK
1< * LIST (\HasNoChildren) "." "INBOX.new"
2> b CREATE INBOX.new.below
2$ b OK
1< * LIST (\HasNoChildren) "." "INBOX.new.below"
2> c SUBSCRIBE INBOX.new
2$ c OK
1< * LIST (\Subscribed \HasChildren) "." "INBOX.new"
2> d RENAME INBOX.new.below INBOX.other
2$ d OK
1< * LIST (\HasNoChildren) "." "INBOX.other" ("OLDNAME" ("INBOX.new.below"))
2> e UNSUBSCRIBE INBOX.new
2$ e OK
1< * LIST (\HasNoChildren) "." "INBOX.new"
2> f DELETE INBOX.other
2$ f OK
1< * LIST (\NonExistent \HasNoChildren) "." "INBOX.other"
2> g SUBSCRIBE INBOX.nowhere
2$ g OK
1< * LIST (\NonExistent \Subscribed \HasNoChildren) "." "INBOX.nowhere"
2> h UNSUBSCRIBE INBOX.nowhere
2$ h OK
1< * LIST (\NonExistent \HasNoChildren) "." "INBOX.nowhere"
# only names of one tree, and no subscriptions
1> i NOTIFY SET (subtree (INBOX.new INBOX.x) (MailboxName))
1< i OK NOTIFY completed
2> j SUBSCRIBE INBOX.new
2$ j OK
2> k CREATE INBOX.newer
2$ k OK
2> l CREATE INBOX.new.a
2$ l OK
1< * LIST (\HasNoChildren) "." "INBOX.new.a"
2> m CREATE INBOX.x
2$ m OK
1< * LIST (\HasNoChildren) "." "INBOX.x"
2> n DELETE INBOX.new.a
2$ n OK
1< * LIST (\NonExistent \HasNoChildren) "." "INBOX.new.a"
1=
