# RFC 2180 3.3: a folder deleted under a client that has it selected
1> a CREATE INBOX.Work
1$ a OK
1> b SELECT INBOX.Work
1$ b OK
2> a DELETE INBOX.Work
2< a OK Folder deleted.
1> c NOOP
1< * BYE Selected mailbox was deleted or replaced.
1- eof
2> b NOOP
2< b OK NOOP completed
