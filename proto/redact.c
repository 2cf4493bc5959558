#include "proto/redact.h"

#include <strings.h>

#include "proto/buf.h"
#include "proto/json.h"
#include "proto/mask.h"
#include "proto/unescape.h"

bool
redact_is_secret(struct span key)
{
	static const char *const words[] = { "password", "token", "secret",
	    "key" };
	size_t i, at, n;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		n = strlen(words[i]);
		for (at = 0; at + n <= key.n; at++)
			if (strncasecmp(key.p + at, words[i], n) == 0)
				return (true);
	}
	return (false);
}

static size_t
skip_blanks(struct span s, size_t i)
{
	while (i < s.n && memchr(" \t\r\n", s.p[i], 4) != NULL)
		i++;
	return (i);
}

/* Of a string that begins at i and ends before end, with a colon behind. */
static bool
is_secret(struct span s, size_t i, size_t end)
{
	struct buf name = { 0 };
	bool is;

	unescape_string(&name, (struct span){ s.p + i, end - i });
	is = name.failed || redact_is_secret(buf_text(&name));
	buf_free(&name);
	return (is);
}

void
redact_put(struct buf *b, struct span s)
{
	size_t i = 0, end, value;

	while (i < s.n) {
		if (s.p[i] != '"') {
			buf_char(b, s.p[i++]);
			continue;
		}
		end = jtext_string_end(s, i);
		value = skip_blanks(s, end);
		if (value == s.n || s.p[value] != ':' ||
		    !is_secret(s, i, end)) {
			buf_add(b, s.p + i, end - i);
			i = end;
			continue;
		}
		value = skip_blanks(s, value + 1);
		buf_add(b, s.p + i, value - i);
		if (value < s.n)
			buf_str(b, "\"" MASK_TEXT "\"");
		i = value < s.n ? jtext_value_end(s, value) : value;
	}
}
