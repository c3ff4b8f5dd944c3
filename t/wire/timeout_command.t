# A command that stops in the middle ends the connection
@setting COMMAND_TIMEOUT=1
1>> a NOO
1< * BYE ...
1- eof
2> a APPEND INBOX {100}
2< + ...
2>> half
2< * BYE ...
2- eof
@ls INBOX tmp/* 0
