#include "proto/size.h"

#include <stddef.h>
#include <stdio.h>

#define UNIT	1024

const char *
size_format(int64_t bytes, char out[SIZE_TEXT])
{
	static const char *const names[] = { "bytes", "KB", "MB", "GB", "TB" };
	double n = (double)bytes;
	size_t unit = 0;

	/* What would be rounded up to 1024 is one of the next. */
	for (; n >= (unit == 0 ? UNIT : UNIT - 0.05) && unit < 4; unit++)
		n /= UNIT;
	if (bytes == 1)
		(void)snprintf(out, SIZE_TEXT, "1 byte");
	else
		(void)snprintf(out, SIZE_TEXT, "%.*f %s",
		    n == (double)(int64_t)n ? 0 : 1, n, names[unit]);
	return (out);
}
