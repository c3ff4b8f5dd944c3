# RFC 4978: IMAP_CAPABILITY_HIDE takes COMPRESS away
@only daemon
@setting IMAP_CAPABILITY_HIDE=COMPRESS=DEFLATE
1> a COMPRESS DEFLATE
1< a NO This command is disabled by the system administrator.
1> b NOOP
1< b OK NOOP completed
