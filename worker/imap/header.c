/* See header.h. RFC 5322, 2045, 2369, 2919, 3834; X- fields as clients ask. */
#include "worker/imap/header.h"

#include <string.h>
#include <strings.h>

static const struct {
	size_t n; /* they are sorted by it */
	const char *name;
} kept[] = {
    {2, "Cc"},
    {2, "To"},
    {3, "Bcc"},
    {3, "FCC"},
    {4, "Date"},
    {4, "From"},
    {6, "Sender"},
    {7, "List-Id"},
    {7, "Subject"},
    {8, "Comments"},
    {8, "Keywords"},
    {8, "Priority"},
    {8, "Reply-To"},
    {8, "X-Mailer"},
    {9, "List-Post"},
    {9, "Resent-To"},
    {10, "Importance"},
    {10, "Message-ID"},
    {10, "Newsgroups"},
    {10, "Precedence"},
    {10, "References"},
    {10, "User-Agent"},
    {10, "X-Priority"},
    {11, "Followup-To"},
    {11, "In-Reply-To"},
    {11, "Resent-From"},
    {11, "Return-Path"},
    {11, "Sensitivity"},
    {11, "X-Spam-Flag"},
    {12, "Content-Type"},
    {12, "Delivered-To"},
    {12, "List-Archive"},
    {12, "MIME-Version"},
    {12, "X-Draft-Info"},
    {12, "X-Spam-Level"},
    {12, "X-Spam-Score"},
    {13, "X-Account-Key"},
    {13, "X-Original-To"},
    {13, "X-Spam-Status"},
    {14, "Auto-Submitted"},
    {14, "X-Identity-Key"},
    {16, "Content-Language"},
    {16, "List-Unsubscribe"},
    {16, "Mail-Followup-To"},
    {17, "X-MSMail-Priority"},
    {19, "Content-Disposition"},
    {21, "List-Unsubscribe-Post"},
    {22, "X-Forwarded-Message-Id"},
    {25, "Content-Transfer-Encoding"},
    {25, "X-Uniform-Type-Identifier"},
    {27, "Disposition-Notification-To"},
    {31, "X-Universally-Unique-Identifier"},
};

bool
header_keeps(const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]) && kept[i].n <= n; i++)
		if (kept[i].n == n &&
		    (kept[i].name[0] | 0x20) == (name[0] | 0x20) &&
		    strncasecmp(kept[i].name, name, n) == 0)
			return true;
	return false;
}

void
header_pick(struct buf *b, const char *hdr, size_t n)
{
	struct mime_text name, value;
	size_t at = 0;

	while (mime_field(hdr, n, &at, &name, &value)) {
		if (!header_keeps(name.p, name.n))
			continue;
		buf_bytes(b, name.p, (size_t)(hdr + at - name.p));
		if (hdr[at - 1] != '\n')
			buf_char(b, '\n');
	}
	buf_char(b, '\n');
}
