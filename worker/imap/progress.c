/* INPROGRESS, RFC 9585 section 4 (progress.h). */
#include "worker/imap/progress.h"

#include <string.h>

bool
progress_due(struct progress *p, int64_t now, bool closed)
{
	if (now - p->told < (closed ? PROGRESS_CLOSED_MS : PROGRESS_MS))
		return false;
	p->told = now;
	return true;
}

void
progress_print(struct buf *b, const struct progress *p, const char *tag,
    uint32_t done, uint32_t goal)
{
	buf_str(b, "* OK [INPROGRESS (");
	buf_string(b, tag, strlen(tag), false);
	if (!p->unknown && done < goal)
		buf_printf(b, " %u %u", done, goal);
	else
		buf_str(b, " NIL NIL");
	buf_str(b, ")] Still working.\r\n");
}
