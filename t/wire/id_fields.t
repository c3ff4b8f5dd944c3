# RFC 2971: what IMAP_ID_FIELDS lets out
@setting IMAP_ID_FIELDS=7
1> a ID NIL
1< * ID ("name" "Corkboard IMAP" "version" "..." "os" "Linux" "os-version" "...")
1< a OK ID completed
