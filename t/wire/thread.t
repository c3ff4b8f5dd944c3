# RFC 5256: THREAD=ORDEREDSUBJECT, REFERENCES and REFS
@deliver INBOX 1000.a.x
Message-ID: <a@example.org>
Date: Fri, 22 Feb 2008 10:00:00 +0000
Subject: Picnic

.
@deliver INBOX 1001.b.x
Message-ID: <b@example.org>
References: <a@example.org>
Date: Fri, 22 Feb 2008 12:00:00 +0000
Subject: Re: Picnic

.
@deliver INBOX 1002.c.x
Message-ID: <c@example.org>
References: <"a"@example.org>
Date: Fri, 22 Feb 2008 11:00:00 +0000
Subject: Re: Picnic

.
@deliver INBOX 1003.d.x
Message-ID: <d@example.org>
In-Reply-To: your mail of Friday <b@example.org>
Date: Fri, 22 Feb 2008 13:00:00 +0000
Subject: Rain

.
@deliver INBOX 1004.e.x
Message-ID: <e@example.org>
References: <lost@example.org>
Date: Fri, 22 Feb 2008 09:00:00 +0000
Subject: Other

.
@deliver INBOX 1005.f.x
Message-ID: <f@example.org>
References: <lost@example.org>
Date: Fri, 22 Feb 2008 09:30:00 +0000
Subject: Another

.
@deliver INBOX 1006.g.x
Message-ID: <g@example.org>
Date: Fri, 22 Feb 2008 14:00:00 +0000
Subject: Fwd: picnic

.
1> a SELECT INBOX
1$ a OK
1> b THREAD REFERENCES UTF-8 ALL
1< * THREAD ((5)(6))(1 (3)(2 4)(7))
1< b OK THREAD done.
1> c THREAD ORDEREDSUBJECT UTF-8 ALL
1< * THREAD (5)(6)(1 (3)(2)(7))(4)
1< c OK THREAD done.
1> d THREAD REFS UTF-8 1:4,7
1< * THREAD (1 (3)(2 4))(7)
1$ d OK
1> e THREAD REFERENCES US-ASCII 2:4,6
1< * THREAD (6)((3)(2 4))
1$ e OK
1> f THREAD REFERENCES US-ASCII TEXT "gewp"
1< * THREAD
1< f OK THREAD done.
1> g THREAD REFERENCES X-UNKNOWN ALL
1$ g NO [BADCHARSET (UTF-8 US-ASCII)] ...
1> h THREAD JWZ UTF-8 ALL
1$ h BAD ...
1> i THREAD REFERENCES UTF-8
1$ i BAD ...
1> j UID STORE 1 +FLAGS.SILENT (\Deleted)
1$ j OK
1> k EXPUNGE
1$ k OK
1> l THREAD REFERENCES UTF-8 ALL
1< * THREAD ((4)(5))((2)(1 3)(6))
1$ l OK
1> m UID THREAD REFERENCES UTF-8 ALL
1< * THREAD ((5)(6))((3)(2 4)(7))
1$ m OK
