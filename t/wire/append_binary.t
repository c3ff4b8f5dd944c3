# RFC 3516 4.4: APPEND of a literal8; what comes back by BINARY and by BODY
1> a APPEND INBOX ~{47}
1< + ...
1>> Content-Transfer-Encoding: binary$<0d0a0d0a>a$<0a00>b$<0d0a00ff0d0a>
1>> $<0d0a>
1$ a OK [APPENDUID ...
1>> b APPEND INBOX (\Seen) ~{50+}$<0d0a>Content-Transfer-Encoding: 8bit$<0d0a0d0a>text$<0d0a>more$<0d0a>.$<0d0a0d0a>
1$ b OK [APPENDUID ...
1> c SELECT INBOX
1$ c OK
1> d FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])
1< * 1 FETCH (BINARY.SIZE[1] 10 BINARY[1] ~{10}|$<61>...)
1$ d OK
1> e FETCH 1 BODY.PEEK[]
1< * 1 FETCH (BODY[] {...}|MIME-Version: 1.0|Content-Transfer-Encoding: base64||YQoAYg0KAP8NCg==|)
1$ e OK
1> f FETCH 1 BODYSTRUCTURE
1< * 1 FETCH (BODYSTRUCTURE (... "base64" ...))
1$ f OK
1> g FETCH 2 BODY.PEEK[]
1< * 2 FETCH (BODY[] {50}|Content-Transfer-Encoding: 8bit||text|more|.|)
1$ g OK
# a NUL in the header; in a common literal
1>> h APPEND INBOX ~{16+}$<0d0a>Subject: $<00>x$<0d0a0d0a>b$<0d0a>
1$ h NO [UNKNOWN-CTE] ...
1>> i APPEND INBOX {16+}$<0d0a>Subject: $<00>x$<0d0a0d0a>b$<0d0a>
1$ i BAD ...
# MULTIAPPEND: all or none
1>> j APPEND INBOX {3+}$<0d0a0d0a>x ~{4+}$<0d0a0d0a00>x$<0d0a>
1$ j OK [APPENDUID ...
1>> k APPEND INBOX {3+}$<0d0a0d0a>x ~{4+}$<0d0a00>:xy$<0d0a>
1$ k NO [UNKNOWN-CTE] ...
1> l FETCH 3:* (BINARY.PEEK[1])
1< * 3 FETCH (BINARY[1] {1}|x)
1< * 4 FETCH (BINARY[1] ~{2}|...)
1$ l OK
