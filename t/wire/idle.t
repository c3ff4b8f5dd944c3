# RFC 2177: IDLE, with and without a folder
1> a IDLE
1< + entering ENHANCED idle mode
1> done
1< a OK IDLE completed
1> b SELECT INBOX
1$ b OK
1> c IDLE
1< + entering ENHANCED idle mode
1>> DO
@sleep 50
1>> NE$<0d0a>d NOOP$<0d0a>
1< c OK IDLE completed
1< d OK NOOP completed
1> e IDLE
1< + entering ENHANCED idle mode
1> f NOOP
1< e BAD Expected DONE.
1> g NOOP
1< g OK NOOP completed
1> h IDLE x
1< h BAD ...
1>> i IDLE$<0d0a>DONE$<0d0a>
1< + entering ENHANCED idle mode
1< i OK IDLE completed
1> j IDLE
1< + ...
1> DONEx
1< j BAD ...
1> k NOOP
1< k OK ...
