# RFC 5258, many patterns, and patterns full of wildcards
@mkdir aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
1> a LIST "" "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"
1< a OK LIST completed
1> b LIST "" (INBOX INBOX INBOX)
1< * LIST (\Unmarked \HasChildren) "." "INBOX"
1< b OK LIST completed
1> c LIST "" (1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 INBOX)
1< * LIST (\Unmarked \HasChildren) "." "INBOX"
1< c OK LIST completed
1> d LIST "" (1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 INBOX)
1< d BAD ...
