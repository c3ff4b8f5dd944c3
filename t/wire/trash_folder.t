# IMAP_TRASHFOLDERNAME: it cannot be deleted or renamed (RFC 5530 CANNOT)
@setting IMAP_TRASHFOLDERNAME=Bin.Old
1> a CREATE INBOX.Bin.Old
1$ a OK
1> b CREATE INBOX.Bin
1$ b OK
1> c CREATE INBOX.Bin.Old.sub
1$ c OK
1> d DELETE INBOX.Bin.Old
1< d NO [CANNOT] Cannot delete this folder.
1> e RENAME INBOX.Bin.Old INBOX.x
1< e NO [CANNOT] Reserved folder name - cannot rename.
1> f RENAME INBOX.Bin INBOX.x
1< f NO [CANNOT] Reserved folder name - cannot rename.
1> g RENAME INBOX.Bin.Old.sub INBOX.y
1< g OK Folder renamed.
1> h RENAME INBOX.y INBOX.Bin.Old
1< h NO [CANNOT] Reserved folder name - cannot rename.
1> i CREATE INBOX.Trash
1$ i OK
1> j DELETE INBOX.Trash
1< j OK Folder deleted.
1> k DELETE INBOX.Bin
1< k OK Folder deleted.
1> l CAPABILITY
1<* * CAPABILITY ...
1! ... XMAGICTRASH...
1$ l OK
