#include "proto/text.h"

#include <strings.h>

#include "proto/buf.h"

size_t
text_utf8(const char *s, size_t n, uint32_t *cp)
{
	const uint8_t *p = (const uint8_t *)s;
	uint32_t c, min;
	size_t i, len;

	if (p[0] < 0x80) {
		len = 1, c = p[0], min = 0;
	} else if (p[0] >= 0xc2 && p[0] < 0xe0) {
		len = 2, c = p[0] & 0x1f, min = 0x80;
	} else if (p[0] >= 0xe0 && p[0] < 0xf0) {
		len = 3, c = p[0] & 0x0f, min = 0x800;
	} else if (p[0] >= 0xf0 && p[0] < 0xf5) {
		len = 4, c = p[0] & 0x07, min = 0x10000;
	} else
		return (0);
	if (len > n)
		return (0);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (0);
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return (0);
	if (cp != NULL)
		*cp = c;
	return (len);
}

bool
text_is_clean(struct span s)
{
	size_t i, len;

	for (i = 0; i < s.n; i += len) {
		len = 1;
		if ((uint8_t)s.p[i] < 0x80 && s.p[i] != '\0')
			continue;
		if (s.p[i] == '\0' ||
		    (len = text_utf8(s.p + i, s.n - i, NULL)) == 0)
			return (false);
	}
	return (true);
}

bool
text_is_id(struct span s)
{
	uint32_t cp;
	size_t i, len;

	if (s.n == 0 || s.n > TEXT_ID_MAX)
		return (false);
	for (i = 0; i < s.n; i += len) {
		if ((len = text_utf8(s.p + i, s.n - i, &cp)) == 0)
			return (false);
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			return (false);
	}
	return (true);
}

size_t
text_cut(struct span s, size_t max)
{
	size_t i, back;

	if (s.n <= max)
		return (s.n);
	/* A character has at most three bytes before the one at max. */
	for (back = 0; back < 4 && back <= max; back++) {
		i = max - back;
		if (((uint8_t)s.p[i] & 0xc0) != 0x80)
			return (i > 0 ? i : max);
	}
	return (max);
}

void
text_clean(struct buf *b, struct span s)
{
	size_t i, len;

	for (i = 0; i < s.n; i += len > 0 ? len : 1) {
		len = text_utf8(s.p + i, s.n - i, NULL);
		if (len == 0 || s.p[i] == '\0')
			buf_str(b, "\xef\xbf\xbd");
		else
			buf_add(b, s.p + i, len);
	}
}

void
text_base64(struct buf *b, struct span s)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = (const uint8_t *)s.p;
	uint32_t v;
	size_t i;

	for (i = 0; i < s.n; i += 3) {
		v = (uint32_t)p[i] << 16;
		if (i + 1 < s.n)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < s.n)
			v |= p[i + 2];
		buf_char(b, digit[v >> 18]);
		buf_char(b, digit[v >> 12 & 63]);
		buf_char(b, i + 1 < s.n ? digit[v >> 6 & 63] : '=');
		buf_char(b, i + 2 < s.n ? digit[v & 63] : '=');
	}
}

const char *
level_name(enum level level)
{
	static const char *const name[LEVEL_COUNT] = {
		"DEBUG", "INFO", "WARN", "ERROR",
	};

	return (name[level]);
}

bool
level_parse(struct span s, enum level *level)
{
	static const struct {
		const char	*name;
		enum level	 level;
	} known[] = {
		{ "DEBUG", LEVEL_DEBUG },
		{ "INFO", LEVEL_INFO },
		{ "WARN", LEVEL_WARN },
		{ "ERROR", LEVEL_ERROR },
		{ "TRACE", LEVEL_DEBUG },
		{ "NOTICE", LEVEL_INFO },
		{ "WARNING", LEVEL_WARN },
		{ "ERR", LEVEL_ERROR },
		{ "FATAL", LEVEL_ERROR },
		{ "CRITICAL", LEVEL_ERROR },
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (s.n == strlen(known[i].name) &&
		    strncasecmp(s.p, known[i].name, s.n) == 0) {
			*level = known[i].level;
			return (true);
		}
	}
	return (false);
}
