"""A session of Python's imaplib: what scripts of administrators use."""
import imaplib
import ssl
import sys

port, sslport = int(sys.argv[1]), int(sys.argv[2])
lax = ssl.create_default_context()
lax.check_hostname = False
lax.verify_mode = ssl.CERT_NONE


def good(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def session(m):
    good(m.login("demo", "demo"))
    good(m.create("INBOX.py"))
    good(m.select("INBOX.py"))
    for i in range(5):
        good(m.append("INBOX.py", r"(\Seen)" if i % 2 else None, None,
                      b"Subject: number %d\r\n\r\nbody %d\r\n" % (i, i)))
    good(m.noop())
    assert good(m.search(None, "ALL")) == [b"1 2 3 4 5"]
    assert good(m.search(None, "UNSEEN")) == [b"1 3 5"]
    assert good(m.search(None, "SUBJECT", '"number 3"')) == [b"4"]
    text = good(m.fetch("2", "(RFC822)"))[0][1]
    assert text == b"Subject: number 1\r\n\r\nbody 1\r\n", text
    good(m.store("1:2", "+FLAGS", r"(\Deleted keyword)"))
    assert good(m.uid("SEARCH", "KEYWORD", "keyword"))[0].split() == [b"1", b"2"]
    good(m.copy("1", "INBOX.Trash"))
    good(m.expunge())
    assert good(m.search(None, "ALL")) == [b"1 2 3"]
    good(m.close())
    good(m.delete("INBOX.py"))
    m.logout()


session(imaplib.IMAP4("127.0.0.1", port))
session(imaplib.IMAP4_SSL("127.0.0.1", sslport, ssl_context=lax))
m = imaplib.IMAP4("127.0.0.1", port)
m.starttls(lax)
session(m)
m = imaplib.IMAP4("127.0.0.1", port)
m.authenticate("PLAIN", lambda x: b"\0demo\0demo")
m.enable("UTF8=ACCEPT")
good(m.select("\"INBOX.Entwürfe\""))
m.logout()
