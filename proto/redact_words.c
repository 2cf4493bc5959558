#include "proto/redact_inner.h"

#include <strings.h>

#include "proto/json.h"

#define BLANKS	" \t"
#define QUOTES	"\"'`"
#define LISTS	"{[(,"		/* a name behind it is one of several, */
#define LIST_ENDS ",)]}"	/* and its value ends here at the latest */
#define CLOSING	QUOTES ")]},;."	/* none of it at the end of a value */

static bool
is_one_of(char c, const char *set)
{
	return (memchr(set, c, strlen(set)) != NULL);
}

/* ------------------------------------------------------------------- names */

static bool
is_at(struct span s, size_t at, const char *word)
{
	size_t n = strlen(word);

	return (at < s.n && n <= s.n - at &&
	    strncasecmp(s.p + at, word, n) == 0);
}

/* The length of the word that begins at "at" and makes a name look secret. */
static size_t
secret_at(struct span name, size_t at)
{
	static const char *const words[] = { "password", "token", "secret",
	    "key" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if ((name.p[at] | 0x20) == words[i][0] &&
		    is_at(name, at, words[i]))
			return (strlen(words[i]));
	return (0);
}

bool
redact_is_secret(struct span name)
{
	size_t at;

	for (at = 0; at < name.n; at++)
		if (secret_at(name, at) > 0)
			return (true);
	return (false);
}

size_t
words_last(struct span s)
{
	size_t n;

	/* By those of their letters that are rare. */
	for (n = s.n; n > 0; n--)
		switch (s.p[n - 1] | 0x20) {
		case 'k':
			if (is_at(s, n - 1, "key") || is_at(s, n - 3, "token"))
				return (n);
			break;
		case 'w':
			if (is_at(s, n - 5, "password"))
				return (n);
			break;
		case 'c':
			if (is_at(s, n - 3, "secret"))
				return (n);
			break;
		case 'u':
			if (n > 1 && s.p[n - 2] == '\\')
				return (n);
			break;
		}
	return (0);
}

static bool
ends_secret(struct span name)
{
	size_t at, n;

	for (at = 0; at < name.n; at++)
		if ((n = secret_at(name, at)) > 0 && at + n == name.n)
			return (true);
	return (false);
}

bool
words_has(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
	    c == '%');
}

size_t
words_end(struct span s, size_t i)
{
	while (i < s.n && words_has(s.p[i]))
		i++;
	return (i);
}

/* ------------------------------------------------------------------ values */

static size_t
skip(struct span s, size_t i, const char *set)
{
	while (i < s.n && is_one_of(s.p[i], set))
		i++;
	return (i);
}

/* What a name stands behind: LF at the beginning of a line. */
static char
before(struct span s, size_t i)
{
	while (i > 0 && is_one_of(s.p[i - 1], BLANKS))
		i--;
	return (i > 0 && s.p[i - 1] != '\r' ? s.p[i - 1] : '\n');
}

/* One of several, as in a=1,b=2? */
static bool
is_border(struct span s, size_t i)
{
	size_t end = words_end(s, i + 1);

	return ((s.p[i] == ',' || s.p[i] == ';') && end > i + 1 &&
	    end < s.n && s.p[end] == '=');
}

/* Behind '=': to a blank, or to the next one. */
static size_t
end_of_assigned(struct span s, size_t at)
{
	size_t end = at;

	/* It is quoted, within quotes: who knows where it ends. */
	if (s.p[at] == '\\') {
		while (end < s.n && s.p[end] != '\n')
			end++;
		return (end);
	}
	while (end < s.n && (unsigned char)s.p[end] > ' ' && s.p[end] != '&' &&
	    !is_border(s, end))
		end++;
	while (end > at && is_one_of(s.p[end - 1], CLOSING))
		end--;
	return (end);
}

/* Behind ':': to the end of the line, or to what ends the list or the quotes
   that the name is in. */
static size_t
end_of_field(struct span s, size_t at, char first)
{
	char quote[2] = { first, '\0' };
	const char *stops = is_one_of(first, LISTS) ? LIST_ENDS :
	    is_one_of(first, QUOTES) ? quote : "";
	size_t end = at;

	while (end < s.n && s.p[end] != '\n' && s.p[end] != '\r' &&
	    !is_one_of(s.p[end], stops))
		end++;
	while (end > at && is_one_of(s.p[end - 1], BLANKS))
		end--;
	return (end);
}

static size_t
end_of_quoted(struct span s, size_t at, char quote)
{
	for (; at < s.n && s.p[at] != quote; at++)
		if (s.p[at] == '\\')
			at++;
	return (at < s.n ? at : s.n);
}

/* Does it look secret, with this sign behind it?  Prose has colons, too. */
static bool
is_assigned(struct span s, size_t i, size_t end, char first, bool quoted,
    bool field)
{
	struct span name = { s.p + i, end - i };

	if (!field || quoted)
		return (redact_is_secret(name));
	return (is_one_of(first, LISTS QUOTES "\n") && ends_secret(name));
}

bool
words_value(struct span s, size_t i, size_t end, struct span *value)
{
	char near = i > 0 ? s.p[i - 1] : '\n', first;
	bool quoted = end < s.n && s.p[end] == near && is_one_of(near, QUOTES);
	size_t sign = skip(s, end + quoted, BLANKS), at;
	bool field;

	if (sign == s.n || (s.p[sign] != '=' && s.p[sign] != ':'))
		return (false);
	field = s.p[sign] == ':';
	first = is_one_of(near, QUOTES) ? near : before(s, i);
	at = skip(s, sign + 1, field ? BLANKS : BLANKS "=>");
	if (at == s.n || (field && !quoted && at == sign + 1 &&
	    !is_one_of(s.p[at], QUOTES)) ||
	    !is_assigned(s, i, end, first, quoted, field))
		return (false);
	if (is_one_of(s.p[at], QUOTES)) {
		end = end_of_quoted(s, at + 1, s.p[at]);
		at++;
	} else if (s.p[at] == '{' || s.p[at] == '[')
		end = jtext_value_end(s, at);
	else
		end = field ? end_of_field(s, at, quoted ? ',' : first) :
		    end_of_assigned(s, at);
	*value = (struct span){ s.p + at, end - at };
	return (end > at);
}
