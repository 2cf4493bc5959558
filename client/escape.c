#include "client/escape.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/buf.h"

#define COMPLAINT_BYTES	2048	/* of one line; the rest is cut */

static void
print_line(const char *before, const char *fmt, va_list ap)
{
	char text[COMPLAINT_BYTES];
	struct buf b = { 0 };

	(void)vsnprintf(text, sizeof text, fmt, ap);
	buf_str(&b, before);
	escape_put(&b, span_of(text), true, false);
	buf_char(&b, '\n');
	if (!b.failed)
		(void)fwrite(b.p, 1, b.n, stderr);
	buf_free(&b);
}

void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

void
complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("execlog: ", fmt, ap);
	va_end(ap);
}
