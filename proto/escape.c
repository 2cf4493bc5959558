#include "proto/escape.h"

#include <stdint.h>

#include "proto/buf.h"
#include "proto/text.h"

/* Controls of C1, of bidi and of nothing to be seen. */
static bool
is_hidden(uint32_t c)
{
	return ((c >= 0x7f && c < 0xa0) || c == 0x061c ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	    (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff));
}

/* Append the character of n bytes at p, visibly. */
static void
put_char(struct buf *b, const char *p, size_t n, uint32_t c, bool lines)
{
	if (c == '\t' || (c == '\n' && lines))
		buf_char(b, (char)c);
	else if (c < 0x20 || c == 0x7f)
		buf_printf(b, "^%c", (int)(c ^ 0x40));
	else if (!is_hidden(c))
		buf_add(b, p, n);
	else if (c < 0x100)
		buf_printf(b, "\\x%02x", c);
	else
		buf_printf(b, "\\u{%x}", c);
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
escape_json(struct buf *b, struct span json)
{
	size_t i, n;
	uint32_t c;

	for (i = 0; i < json.n; i += n) {
		if ((n = text_utf8(json.p + i, json.n - i, &c)) == 0) {
			n = 1;
			c = 0xfffd;
		}
		if (!is_hidden(c) && c != 0xfffd &&
		    (c >= 0x20 || c == '\n' || c == '\t'))
			buf_add(b, json.p + i, n);
		else if (c < 0x10000)
			buf_printf(b, "\\u%04x", c);
		else
			buf_printf(b, "\\u%04x\\u%04x",
			    0xd800 + ((c - 0x10000) >> 10),
			    0xdc00 + ((c - 0x10000) & 0x3ff));
	}
}
