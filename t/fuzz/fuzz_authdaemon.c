/*
 * What authdaemond answers: whatever it says, there is a verdict, and an
 * account that is RIGHT has all that an owner needs, every text terminated.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/authdaemon.h"
#include "auth/owner.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)
#define ENDS(text) (memchr(text, '\0', sizeof(text)) != NULL)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authdaemon_answer a;
	char *text = malloc(size + 1);
	struct owner o;

	MUST(text != NULL);
	memcpy(text, data, size);
	authdaemon_read(text, size, &a);
	free(text);
	MUST(a.verdict >= AUTHDAEMON_RIGHT && a.verdict < AUTHDAEMON_VERDICTS);
	MUST(ENDS(a.user) && ENDS(a.sysname) && ENDS(a.home));
	MUST(ENDS(a.maildir) && ENDS(a.options) && ENDS(a.why));
	MUST((a.why[0] != '\0') == (a.verdict == AUTHDAEMON_UNAVAILABLE));
	if (a.verdict != AUTHDAEMON_RIGHT)
		return 0;
	MUST(sasl_is_name(a.user) && a.home[0] == '/' && a.gid != UINT32_MAX);
	MUST(a.uid != UINT32_MAX || a.sysname[0] != '\0');
	if (owner_from_daemon(&a, "./Maildir", &o) == 0) {
		MUST(o.maildir[0] == '/');
		(void)owner_option(&o, "disableimap");
		(void)owner_defaults(&o, "a=1,disableimap=0");
		MUST(ENDS(o.options));
	}
	return 0;
}
