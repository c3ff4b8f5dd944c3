/*
 * Headers, parted by empty lines, made into keys and threads: a base subject is
 * its own base subject, each message stands in the threads once, and the
 * brackets around them close. The first byte picks the algorithm.
 */
#include <stdlib.h>
#include <string.h>

#include "worker/imap/keys.h"
#include "worker/imap/subject.h"
#include "worker/imap/thread.h"

#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)
#define MESSAGES 500

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
subject_is_its_own_base(const char *p, size_t n)
{
	struct subject s, again;
	struct buf b;

	buf_init(&b, 4 * n + 16);
	subject_decode(&b, p, n);
	if (!b.failed && b.n > 0) {
		subject_base(b.p, b.n, &s);
		MUST(s.p >= b.p && s.p + s.n <= b.p + b.n);
		subject_base(s.p, s.n, &again);
		MUST(again.p == s.p && again.n == s.n && !again.reply);
	}
	buf_done(&b);
}

/* Numbers are given from 1 on. */
static void
threads_hold_each_once(const struct buf *b, uint32_t n)
{
	bool seen[MESSAGES + 1] = {false};
	size_t i, depth = 0;
	uint32_t number = 0, found = 0;

	for (i = 0; i < b->n; i++) {
		char c = b->p[i];

		if (c >= '0' && c <= '9') {
			number = number * 10 + (uint32_t)(c - '0');
			continue;
		}
		if (number != 0) {
			MUST(number <= n && !seen[number]);
			seen[number] = true;
			found++;
		}
		number = 0;
		MUST(c == '(' || c == ')' || c == ' ');
		MUST(c != ')' || depth > 0);
		depth += c == '(';
		depth -= c == ')';
	}
	MUST(depth == 0 && found == n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 1, *end = p - 1 + size, *next;
	struct keys_reader *r = keys_new(NULL);
	enum parse_thread_algorithm how;
	struct thread *t;
	struct keys keys;
	struct buf out;
	uint32_t n = 0;

	MUST(r != NULL);
	if (size == 0) {
		keys_free(r);
		return 0;
	}
	how = (enum parse_thread_algorithm)(data[0] % 3);
	t = thread_new(how);
	MUST(t != NULL);
	while (p < end && n < MESSAGES) {
		struct mime_text header = {p, (size_t)(end - p)};

		next = memmem(p, header.n, "\n\n", 2);
		if (next != NULL)
			header.n = (size_t)(next + 1 - p);
		subject_is_its_own_base(p, header.n);
		memset(&keys, 0, sizeof(keys));
		MUST(keys_of_header(r, &header, 1, ~0u, &keys) == 0);
		MUST(thread_add(t, ++n, &keys) == 0);
		p += header.n + 1;
	}
	MUST(thread_finish(t) == 0);
	buf_init(&out, 1u << 20);
	thread_print(t, &out);
	MUST(!out.failed);
	threads_hold_each_once(&out, n);
	buf_done(&out);
	thread_free(t);
	keys_free(r);
	return 0;
}
