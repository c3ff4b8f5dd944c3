/*
 * What a mail system puts before a message: a filter over its bytes on their
 * way to a delivery. A first line "From " (mbox) goes; with drop_path the
 * header's Return-Path fields go, too (RFC 5321 4.4: the last one to deliver
 * writes it anew).
 */
#ifndef MASTER_ENVELOPE_H
#define MASTER_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

enum envelope_state {
	ENVELOPE_BEGIN, /* of the message */
	ENVELOPE_START, /* of a line of the header, seen so far in start[] */
	ENVELOPE_LINE,  /* inside a line that stays */
	ENVELOPE_FROM,  /* inside the "From " line */
	ENVELOPE_PATH,  /* inside a Return-Path field */
	ENVELOPE_FOLD,  /* after one of its lines: does it go on? */
	ENVELOPE_BODY,
};

struct envelope {
	enum envelope_state state;
	bool drop_path;
	size_t n;
	char start[16];
};

/* Takes bytes to where they go; -1 ends the filter with its errno. */
struct envelope_sink {
	int (*put)(void *arg, const char *, size_t);
	void *arg;
};

void envelope_begin(struct envelope *, bool drop_path);
/* 0, or the sink's -1. */
int envelope_feed(
    struct envelope *, const char *, size_t n, const struct envelope_sink *);
/* The end of the message: what was held back goes out. */
int envelope_end(struct envelope *, const struct envelope_sink *);

#endif
