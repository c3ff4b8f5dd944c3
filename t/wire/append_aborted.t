# RFC 3501 6.3.11: a client that goes in the middle leaves nothing behind
1> a APPEND INBOX {1000}
1< + ...
1>> Subject: half
1-
@sleep 300
@ls INBOX tmp/* 0
@ls INBOX cur/* 0
@ls INBOX new/* 0
2> a STATUS INBOX (MESSAGES)
2< * STATUS "INBOX" (MESSAGES 0)
2$ a OK
