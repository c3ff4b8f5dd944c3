/*
 * The kinds of values that settings have: from a text to a field. One function
 * per kind; each notes what is wrong and then leaves the field alone.
 */
#ifndef MASTER_VALUE_H
#define MASTER_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/conf.h"
#include "shm/settings.h"

struct value {
	const char *name; /* of the setting */
	const char *text; /* what was given, or the default */
	const char *file; /* where; NULL: the default or the environment */
	unsigned line;
	int64_t min, max;    /* bounds of numbers */
	void *field;         /* where it goes */
	size_t size;         /* of the field */
	const char *address; /* PORT, SSLPORT: ADDRESS, SSLADDRESS; or "0" */
	struct notes *notes;
};

void value_number(const struct value *);
void value_octal(const struct value *);
void value_flag(const struct value *); /* 0, 1, NO, YES */
void value_text(const struct value *);
void value_path(const struct value *);    /* absolute, or empty */
void value_word(const struct value *);    /* no blanks, not empty */
void value_nets(const struct value *);    /* struct value_nets */
void value_ports(const struct value *);   /* struct value_ports */
void value_address(const struct value *); /* checked only */
void value_auth(const struct value *);    /* uint8_t[4] */
void value_service(const struct value *); /* AUTHSERVICE<port>: settings */
void value_protocol(const struct value *);
void value_verify(const struct value *);     /* enum settings_verify */
void value_sandbox(const struct value *);    /* enum settings_sandbox */
void value_access(const struct value *);     /* a path, ".dat" cut off */
void value_trash(const struct value *);      /* settings_trash list and count */
void value_present(const struct value *);    /* on if set, but for 0... */
void value_field(const struct value *);      /* the name of a subject's field */
void value_namespace(const struct value *);  /* uint32_t */
void value_uses(const struct value *);       /* SPECIAL-USE names */
void value_external(const struct value *);   /* bits 1 PORT, 2 SSLPORT */
void value_loggeropts(const struct value *); /* struct settings_view */
void value_tcpdopts(const struct value *);   /* struct settings_view */
/*
 * The value of an option (its name with "=") of TCPDOPTS, the last if it is
 * repeated; false and out as it was if it is not there.
 */
bool value_tcpd_option(
    const char *text, const char *name, char out[SETTINGS_PATH]);
void value_none(const struct value *);      /* no effect, silent */
void value_no_effect(const struct value *); /* no effect, a warning */
void value_refused(const struct value *);   /* an error when switched on */

/* Notes that this value is wrong (an error), or doubtful. */
void value_wrong(const struct value *, const char *what);
void value_warn(const struct value *, const char *what);

/*
 * An address prefix "ADDR" or "ADDR/BITS"; 0, or -1 if it is none. Bits of an
 * IPv4 prefix count from its own first bit.
 */
int value_net(const char *text, struct settings_net *out);
/* Whether addr lies in one of the n networks. */
bool value_in_nets(
    const uint8_t addr[16], const struct settings_net *nets, uint32_t n);

#endif
