#include "worker/net/certline.h"

#include <stdio.h>

#include "worker/net/bundle.h"

#define EXPIRES_SOON (14 * 86400) /* s left: warn */

bool
certline(const struct tls_certificate *c, time_t now, char out[CERTLINE_MAX])
{
	char when[64] = "", of[BUNDLE_NAME + 8];
	struct tm tm;

	(void)snprintf(
	    of, sizeof(of), "%s%s", c->name[0] != '\0' ? " for " : "", c->name);
	if (c->why[0] != '\0') {
		(void)snprintf(out, CERTLINE_MAX,
		    "the file%s beside TLS_CERTFILE is passed over: %s", of,
		    c->why);
		return true;
	}
	if (gmtime_r(&c->until, &tm) != NULL)
		(void)strftime(
		    when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (c->until <= now)
		(void)snprintf(out, CERTLINE_MAX,
		    "certificate of %s%s has expired, %s", c->subject, of,
		    when);
	else if (c->until - now < EXPIRES_SOON)
		(void)snprintf(out, CERTLINE_MAX,
		    "certificate of %s%s expires in %lld days, %s", c->subject,
		    of, (long long)((c->until - now) / 86400), when);
	else
		(void)snprintf(out, CERTLINE_MAX,
		    "certificate of %s%s is valid until %s", c->subject, of,
		    when);
	return c->until - now < EXPIRES_SOON;
}
