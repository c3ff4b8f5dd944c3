# RFC 2971: ID
1> a ID NIL
1< * ID ("name" "Corkboard IMAP")
1< a OK ID completed
1> b ID ("name" "talk" "version" NIL)
1< * ID ("name" "Corkboard IMAP")
1< b OK ID completed
1> c ID ("name")
1< c BAD ...
1> d ID
1< d BAD ...
