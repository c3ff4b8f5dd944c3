/*
 * A load that another program makes (imaptest): it prints how many commands it
 * had answered, and we account the server's work meanwhile.
 */
#include "t/bench/bench.h"

#include <stdio.h>

void
outside(void)
{
	struct figure f = {.unit = "/s", .note = ""};
	struct meter m;
	double began, count = 0;
	FILE *p;

	if (options()->command == NULL || options()->name == NULL)
		fail("outside: -N NAME -x COMMAND are wanted");
	meter_begin(&m);
	began = now();
	p = popen(options()->command, "re");
	if (p == NULL || fscanf(p, "%lf", &count) != 1 || pclose(p) != 0 ||
	    count < 1)
		fail("outside: it failed: %s", options()->command);
	f.value = count / (now() - began);
	meter_end(&m);
	f.cpu_ms = m.cpu < 0 ? -1 : m.cpu * 1000 / count;
	f.peak_mb = m.peak;
	figure_print(&f, "%s", options()->name);
}
