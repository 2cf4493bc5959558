#include "proto/redact.h"

#include "proto/buf.h"
#include "proto/json.h"
#include "proto/mask.h"
#include "proto/redact_inner.h"
#include "proto/unescape.h"

/* A text that is being gone through. */
struct redaction {
	struct span	 s;
	struct buf	*out;
	size_t		 done;		/* so much of it is in out */
	int		 depth;		/* of strings that it is in */
	bool		 changed;
	bool		 tried;		/* the rest has been looked at as text
					   with escapes */
};

static bool	 redact(struct span, int depth, struct buf *);

static void
replace(struct redaction *r, struct span what, struct span by)
{
	size_t at = (size_t)(what.p - r->s.p);

	if (span_eq(what, by))
		return;
	buf_add(r->out, r->s.p + r->done, at - r->done);
	buf_span(r->out, by);
	r->done = at + what.n;
	r->changed = true;
}

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

static size_t
skip_blanks(struct span s, size_t i)
{
	while (i < s.n && is_blank(s.p[i]))
		i++;
	return (i);
}

/* ----------------------------------------------------------------- strings */

/* Has it such a key, with so many more escapes to be undone? */
static bool
may_hide(struct span s, int escapes)
{
	struct buf said = { 0 };
	bool may = redact_is_secret(s);

	if (may || s.n == 0 || memchr(s.p, '\\', s.n) == NULL)
		return (may);
	if (escapes == 0)
		return (true);
	unescape_text(&said, s);
	may = said.failed || may_hide(buf_text(&said), escapes - 1);
	buf_free(&said);
	return (may);
}

/* What a string says; too deep nobody asks which value is whose. */
static bool
redact_said(const struct redaction *r, struct span said, struct buf *out)
{
	if (r->depth < REDACT_DEPTH_MAX)
		return (redact(said, r->depth + 1, out));
	buf_str(out, MASK_TEXT);
	return (may_hide(said, REDACT_ESCAPES_MAX));
}

/* A part that is written with escapes; false: there is nothing to hide. */
static bool
put_escaped(struct redaction *r, struct span part)
{
	struct buf said = { 0 }, shown = { 0 }, written = { 0 };
	struct span by;
	bool changed;

	if (words_last(part) == 0)
		return (false);
	(void)(buf_reserve(&shown, part.n) && buf_reserve(&written, part.n));
	unescape_text(&said, part);
	changed = redact_said(r, buf_text(&said), &shown);
	if (changed)
		jput_string(&written, buf_text(&shown));
	if (said.failed || shown.failed || written.failed)
		r->out->failed = true;
	else if (changed) {
		by = (struct span){ written.p + 1, written.n - 2 };
		/* Bytes that had no escapes have some now. */
		replace(r, part, by.n <= REDACT_TIMES_MAX * part.n ? by :
		    span_of(MASK_TEXT));
	}
	buf_free(&said);
	buf_free(&shown);
	buf_free(&written);
	return (changed);
}

/* Does a value begin at i, rather than a string of which we know only the end? */
static bool
is_value(struct span s, size_t i)
{
	while (i > 0 && is_blank(s.p[i - 1]))
		i--;
	return (i == 0 || memchr(":[,", s.p[i - 1], 3) != NULL);
}

static bool
is_secret(struct span string)
{
	struct buf name = { 0 };
	bool is;

	if (memchr(string.p, '\\', string.n) == NULL)
		return (redact_is_secret(string));
	unescape_string(&name, string);
	is = name.failed || redact_is_secret(buf_text(&name));
	buf_free(&name);
	return (is);
}

/* The name of a task may look like anything. */
static bool
is_name(struct span string)
{
	return (span_is(string, "\"task_id\"") ||
	    span_is(string, "\"failed_task_id\""));
}

/* A key, from i to end; its value begins at "at". */
static size_t
put_member(struct redaction *r, size_t i, size_t end, size_t at)
{
	struct span key = { r->s.p + i, end - i };
	size_t value_end;

	if (at < r->s.n && is_secret(key)) {
		value_end = jtext_value_end(r->s, at);
		replace(r, (struct span){ r->s.p + at, value_end - at },
		    span_of("\"" MASK_TEXT "\""));
		return (value_end);
	}
	return (at < r->s.n && r->s.p[at] == '"' && is_name(key) ?
	    jtext_string_end(r->s, at) : at);
}

/* Returns the index behind what has been looked at; so do those below. */
static size_t
put_quoted(struct redaction *r, size_t i)
{
	struct span s = r->s, body = { s.p + i + 1, 0 };
	size_t close, sign;

	for (close = i + 1; close < s.n && s.p[close] != '"'; close++)
		if (s.p[close] == '\\')
			close++;
	if (close > s.n)
		close = s.n;
	body.n = close - i - 1;
	sign = close < s.n ? skip_blanks(s, close + 1) : s.n;
	/* Other languages have "name" = and "name" =>. */
	if (sign < s.n && memchr(":=", s.p[sign], 2) != NULL) {
		sign += sign + 1 < s.n && s.p[sign + 1] == '>';
		return (put_member(r, i, close + 1, skip_blanks(s, sign + 1)));
	}
	if (is_value(s, i)) {
		(void)put_escaped(r, body);
		return (close < s.n ? close + 1 : s.n);
	}
	/* It may be the end of a string as well as its beginning. */
	if (memmem(body.p, body.n, "\\\"", 2) != NULL && put_escaped(r, body))
		return (close);
	return (i + 1);
}

/* A backslash outside of a string; before a quote: the string has begun before
   the text, or is one of another language. */
static size_t
put_backslash(struct redaction *r, size_t i)
{
	if (i + 1 == r->s.n || memchr("\\\"", r->s.p[i + 1], 2) == NULL)
		return (i + 1);
	if (r->s.p[i + 1] == '"' && !r->tried && put_escaped(r, (struct span){ r->s.p + i,
	    r->s.n - i }))
		return (r->s.n);
	r->tried = r->tried || r->s.p[i + 1] == '"';
	return (i + 2);
}

static size_t
put_word(struct redaction *r, size_t i)
{
	size_t end = words_end(r->s, i);
	struct span value;

	if (!words_value(r->s, i, end, &value))
		return (end);
	replace(r, value, span_of(MASK_TEXT));
	return ((size_t)(value.p - r->s.p) + value.n);
}

static bool
redact(struct span s, int depth, struct buf *out)
{
	struct redaction r = { .s = s, .out = out, .depth = depth };
	size_t i = 0, last = words_last(s);

	while (i < last)
		if (s.p[i] == '"')
			i = put_quoted(&r, i);
		else if (s.p[i] == '\\')
			i = put_backslash(&r, i);
		else if (words_has(s.p[i]))
			i = put_word(&r, i);
		else
			i++;
	if (r.changed)
		buf_add(out, s.p + r.done, s.n - r.done);
	return (r.changed || out->failed);
}

bool
redact_apply(struct span text, struct buf *out)
{
	return (redact(text, 0, out));
}
