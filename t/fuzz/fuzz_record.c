/*
 * Records of the index, which is a file of the user's: what is taken as a
 * message's lies inside, and is printed as it was read.
 */
#include "maildir/history_record.h"
#include "t/fuzz/world.h"

static void
inside(const struct index_bytes *b, const char *p, size_t n)
{
	const char *from = b->p;

	MUST(n == 0 || (p >= from && p + n <= from + b->n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char out[RECORD_MAX];
	struct index_bytes bytes = {data, size}, printed;
	struct message_record m, again;
	unsigned char key[KEY_MESSAGE], tomb[KEY_TOMB];

	key_message(key, 1, 77);
	MUST(key_uid(&(struct index_bytes){key, sizeof(key)}) == 77);
	key_tomb(tomb, 1, 5, 6);
	MUST(key_modseq(tomb) == 5 && key_tomb_uid(tomb) == 6);
	if (!message_parse(&bytes, &m))
		return 0;
	inside(&bytes, m.base, m.nbase);
	inside(&bytes, m.info, m.ninfo);
	inside(&bytes, m.keywords, m.nkeywords);
	if (size > RECORD_MAX || m.nkeywords > RECORD_KEYWORDS)
		return 0;
	printed.p = out;
	printed.n = message_print(&m, out);
	MUST(message_parse(&printed, &again));
	MUST(again.modseq == m.modseq && again.flags == m.flags);
	MUST(again.nbase == m.nbase && again.ninfo == m.ninfo);
	return 0;
}
