# RFC 3501 5.4: inactivity, in and out of IDLE
@setting INACTIVITY_TIMEOUT=1
1> a NOOP
1< a OK NOOP completed
1< * BYE Disconnected for inactivity.
1- eof
2> a IDLE
2< + ...
2< * BYE Disconnected for inactivity.
2- eof
