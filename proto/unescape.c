#include "proto/unescape.h"

#include <stdint.h>

#include "proto/buf.h"

/* The four hexadecimal digits at i; 0 if they are not there. */
static uint32_t
unit_at(struct span s, size_t i)
{
	uint32_t unit = 0;
	size_t k;
	char c;

	for (k = i; k < i + 4; k++) {
		c = k < s.n ? s.p[k] : ' ';
		if (c >= '0' && c <= '9')
			unit = unit << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			unit = unit << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return (0);
	}
	return (unit);
}

static void
put_utf8(struct buf *b, uint32_t cp)
{
	if (cp < 0x80)
		buf_u8(b, (uint8_t)cp);
	else if (cp < 0x800) {
		buf_u8(b, (uint8_t)(0xc0 | cp >> 6));
		buf_u8(b, (uint8_t)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		buf_u8(b, (uint8_t)(0xe0 | cp >> 12));
		buf_u8(b, (uint8_t)(0x80 | (cp >> 6 & 0x3f)));
		buf_u8(b, (uint8_t)(0x80 | (cp & 0x3f)));
	} else {
		buf_u8(b, (uint8_t)(0xf0 | cp >> 18));
		buf_u8(b, (uint8_t)(0x80 | (cp >> 12 & 0x3f)));
		buf_u8(b, (uint8_t)(0x80 | (cp >> 6 & 0x3f)));
		buf_u8(b, (uint8_t)(0x80 | (cp & 0x3f)));
	}
}

/* The escape whose letter is at i; returns the index behind it. */
static size_t
put_escape(struct buf *b, struct span s, size_t i)
{
	static const char letter[] = "bfnrt", plain[] = "\b\f\n\r\t";
	const char *p;
	uint32_t cp, low;

	if (s.p[i] != 'u') {
		p = memchr(letter, s.p[i], sizeof letter - 1);
		buf_char(b, p != NULL ? plain[p - letter] : s.p[i]);
		return (i + 1);
	}
	cp = unit_at(s, i + 1);
	i += 5;
	low = i + 1 < s.n && s.p[i] == '\\' && s.p[i + 1] == 'u' ?
	    unit_at(s, i + 2) : 0;
	if (cp >= 0xd800 && cp < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
		i += 6;
	}
	put_utf8(b, cp);
	return (i);
}

void
unescape_text(struct buf *b, struct span s)
{
	size_t i = 0;

	/* What is escaped is never shorter. */
	(void)buf_reserve(b, s.n);
	while (i < s.n && !b->failed)
		if (s.p[i] != '\\')
			b->p[b->n++] = s.p[i++];
		else if (++i < s.n)
			i = put_escape(b, s, i);
}

void
unescape_string(struct buf *b, struct span s)
{
	if (s.n > 2)
		unescape_text(b, (struct span){ s.p + 1, s.n - 2 });
}
