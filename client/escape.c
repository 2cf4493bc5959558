#include "client/escape.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/buf.h"
#include "proto/text.h"

#define COMPLAINT_BYTES	2048	/* of one line; the rest is cut */

static bool
is_bidi(uint32_t c)
{
	return ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	    c == 0x200e || c == 0x200f || c == 0x061c);
}

/* Append the character of n bytes at p, visibly. */
static void
put_char(struct buf *b, const char *p, size_t n, uint32_t c, bool lines)
{
	if (c == '\t' || (c == '\n' && lines))
		buf_char(b, (char)c);
	else if (c < 0x20 || c == 0x7f)
		buf_printf(b, "^%c", (int)(c ^ 0x40));
	else if (c >= 0x80 && c < 0xa0)
		buf_printf(b, "\\x%02x", c);
	else if (is_bidi(c) || c == 0x2028 || c == 0x2029 || c == 0xfeff)
		buf_printf(b, "\\u{%x}", c);
	else
		buf_add(b, p, n);
}

void
escape_put(struct buf *b, struct span s, bool safe, bool lines)
{
	size_t i, n;
	uint32_t c;

	if (!safe) {
		buf_span(b, s);
		return;
	}
	for (i = 0; i < s.n; i += n) {
		n = text_utf8(s.p + i, s.n - i, &c);
		if (n > 0)
			put_char(b, s.p + i, n, c, lines);
		else {
			n = 1;
			buf_printf(b, "\\x%02x", (uint8_t)s.p[i]);
		}
	}
}

void
complain(const char *fmt, ...)
{
	char text[COMPLAINT_BYTES];
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_str(&b, "execlog: ");
	escape_put(&b, span_of(text), true, false);
	buf_char(&b, '\n');
	if (!b.failed)
		(void)fwrite(b.p, 1, b.n, stderr);
	buf_free(&b);
}
