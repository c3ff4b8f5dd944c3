/* Prints the table of limits for t/site.d/limits.py: name, value, setting. */
#include <stdio.h>

#include "shm/limits.h"

#define ROW(name, value, unit, beyond, setting)                                \
	(void)printf("%s\t%d\t%s\n", #name, name, setting);

int
main(void)
{
	LIMITS_ALL(ROW)
	return 0;
}
