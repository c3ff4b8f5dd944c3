/*
 * The grammar of SORT and THREAD (parse.h tells how all of it works): RFC 5256
 * section 5, RFC 5267 (RETURN), RFC 5957 (DISPLAYFROM, DISPLAYTO).
 */
#ifndef IMAP_PARSE_SORT_H
#define IMAP_PARSE_SORT_H

#include "shm/limits.h"
#include "worker/imap/parse.h"

enum parse_sort_key {
	PARSE_SORT_ARRIVAL,
	PARSE_SORT_CC,
	PARSE_SORT_DATE,
	PARSE_SORT_DISPLAYFROM,
	PARSE_SORT_DISPLAYTO,
	PARSE_SORT_FROM,
	PARSE_SORT_SIZE,
	PARSE_SORT_SUBJECT,
	PARSE_SORT_TO,
	PARSE_SORT_KEYS
};
/* The name of one ("ARRIVAL"). */
const char *parse_sort_name(enum parse_sort_key);

struct parse_sort_criterion {
	enum parse_sort_key key;
	bool reverse;
};
struct parse_sort {
	struct parse_sort_criterion criteria[PARSE_SORT_MAX];
	size_t n;
	struct parse_search search; /* with RETURN and the charset */
};
void parse_sort(struct parse *, struct parse_sort *);

enum parse_thread_algorithm {
	PARSE_THREAD_ORDEREDSUBJECT,
	PARSE_THREAD_REFERENCES,
	PARSE_THREAD_REFS
};
struct parse_thread {
	enum parse_thread_algorithm algorithm;
	struct parse_search search;
};
void parse_thread(struct parse *, struct parse_thread *);

#endif
