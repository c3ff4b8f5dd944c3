/*
 * What an admin reads of a certificate: whose it is, until when; or that it
 * runs out, has run out, or was passed over.
 */
#ifndef NET_CERTLINE_H
#define NET_CERTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "worker/net/tls.h"

#define CERTLINE_MAX 640 /* bytes of a line, terminated */

/* The line of it at this time; true: it is a warning. */
bool certline(
    const struct tls_certificate *, time_t now, char out[CERTLINE_MAX]);

#endif
