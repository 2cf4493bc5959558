#include "client/numbers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/buf.h"

void
numbers_group(uint64_t n, char out[NUMBERS_TEXT])
{
	char digits[NUMBERS_TEXT];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, n), i;

	for (i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*out++ = ' ';
		*out++ = digits[i];
	}
	*out = '\0';
}

void
numbers_put(struct buf *b, int64_t n, const char *noun)
{
	char number[NUMBERS_TEXT];

	numbers_group((uint64_t)n, number);
	buf_printf(b, "%s %s%s", number, noun, n == 1 ? "" : "s");
}
