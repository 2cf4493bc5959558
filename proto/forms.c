#include "proto/forms.h"

#include <stdbool.h>
#include <stdint.h>

#include "proto/text.h"

/* What a way of escaping has made use of. */
#define SEEN_ESCAPE	0x01	/* any escape */
#define SEEN_LETTER	0x02	/* a hexadecimal digit that has two forms */
#define SEEN_PLUS	0x04	/* + for a space */
#define SEEN_OTHER	0x08	/* treats a byte as RFC 3986 would not */
#define SEEN_SLASH	0x10	/* \/ */
#define SEEN_WIDE	0x20	/* \u for what is not ASCII */
#define SEEN_HTML	0x40	/* \u for what HTML would take for its own */

static void
put(struct forms *f, char c)
{
	if (f->p != NULL)
		f->p[f->bytes] = c;
	f->bytes++;
}

static void
put_text(struct forms *f, struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		put(f, s.p[i]);
}

/* What was put since "begun" is a form, if it is wanted and long enough. */
static void
end(struct forms *f, size_t begun, bool wanted)
{
	if (!wanted || f->bytes - begun < FORMS_MIN) {
		f->bytes = begun;
		return;
	}
	if (f->p != NULL)
		f->form[f->count] = (struct span){ f->p + begun,
		    f->bytes - begun };
	f->count++;
}

static unsigned
put_hex(struct forms *f, unsigned v, int digits, bool upper)
{
	const char *digit = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned seen = SEEN_ESCAPE, d;

	while (digits-- > 0) {
		d = v >> 4 * digits & 0xf;
		put(f, digit[d]);
		if (d > 9)
			seen |= SEEN_LETTER;
	}
	return (seen);
}

/* --------------------------------------------------------------- base64 */

static unsigned
byte_at(struct span v, size_t before, size_t i)
{
	return (i >= before && i - before < v.n ?
	    (uint8_t)v.p[i - before] : 0);
}

/* The six bits at bit "at" of a text that has the value behind so many bytes,
   and zeros where that is not. */
static unsigned
sextet(struct span v, size_t before, size_t at)
{
	unsigned two = byte_at(v, before, at / 8) << 8 |
	    byte_at(v, before, at / 8 + 1);

	return (two >> (10 - at % 8) & 0x3f);
}

/* Characters [from, to) of the encoded text; false if both alphabets agree. */
static bool
put_base64(struct forms *f, struct span v, size_t before, size_t from,
    size_t to, bool url)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789";
	bool differs = false;
	unsigned bits;

	for (; from < to; from++) {
		bits = sextet(v, before, 6 * from);
		differs = differs || bits > 61;
		put(f, bits < 62 ? digit[bits] :
		    bits == 62 ? (url ? '-' : '+') : url ? '_' : '/');
	}
	return (differs);
}

static void
add_base64(struct forms *f, struct span v, bool url)
{
	size_t before, begun, from, i, whole = (8 * v.n + 5) / 6;
	bool differs;

	for (before = 0; before < 3; before++) {
		begun = f->bytes;
		from = (8 * before + 5) / 6;
		differs = put_base64(f, v, before, from,
		    8 * (before + v.n) / 6, url);
		end(f, begun, differs || !url);
	}
	/* By itself: its last character, and what fills up to four. */
	begun = f->bytes;
	differs = put_base64(f, v, 0, 0, whole, url);
	for (i = whole; i % 4 != 0; i++)
		put(f, '=');
	end(f, begun, v.n % 3 != 0 && (differs || !url));
}

/* The lines of the value in base64, where it was wrapped. */
static void
add_wrapped(struct forms *f, struct span v, size_t width)
{
	size_t begun, from, to, n = 8 * v.n / 6;

	for (from = 0; n > width && from < n; from = to) {
		to = from + width < n ? from + width : n;
		begun = f->bytes;
		(void)put_base64(f, v, 0, from, to, false);
		end(f, begun, true);
	}
}

/* ------------------------------------------------------------------ URL */

#define UNRESERVED	"-._~"

/* How somebody percent-escapes, and what makes it a form of its own. */
static const struct escaper {
	const char	*kept;		/* beside letters and digits */
	bool		 plus;		/* for a space */
	bool		 upper;
	unsigned	 needs;
} escapers[] = {
	{ UNRESERVED, false, true, SEEN_ESCAPE },
	{ UNRESERVED, false, false, SEEN_LETTER },
	{ UNRESERVED, true, true, SEEN_PLUS },
	{ UNRESERVED, true, false, SEEN_PLUS | SEEN_LETTER },
	/* encodeURIComponent, encodeURI, URLSearchParams, quote */
	{ UNRESERVED "!*'()", false, true, SEEN_ESCAPE | SEEN_OTHER },
	{ UNRESERVED "!*'();/?:@&=+$,#", false, true,
	    SEEN_ESCAPE | SEEN_OTHER },
	{ "-._*", true, true, SEEN_ESCAPE | SEEN_OTHER },
	{ UNRESERVED "/", false, true, SEEN_ESCAPE | SEEN_OTHER },
};

static bool
is_one_of(const char *set, char c)
{
	return (c != '\0' && strchr(set, c) != NULL);
}

static bool
is_alphanumeric(char c)
{
	return ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z'));
}

static void
add_url(struct forms *f, struct span v, const struct escaper *e)
{
	size_t begun = f->bytes, i;
	unsigned seen = 0;
	bool kept;

	for (i = 0; i < v.n; i++) {
		kept = is_one_of(e->kept, v.p[i]);
		if (kept != is_one_of(UNRESERVED, v.p[i]))
			seen |= SEEN_OTHER;
		if (kept || is_alphanumeric(v.p[i]))
			put(f, v.p[i]);
		else if (e->plus && v.p[i] == ' ') {
			put(f, '+');
			seen |= SEEN_PLUS;
		} else {
			put(f, '%');
			seen |= put_hex(f, (uint8_t)v.p[i], 2, e->upper);
		}
	}
	end(f, begun, (seen & e->needs) == e->needs);
}

/* ----------------------------------------------------------------- JSON */

#define JSON_SLASH	0x01	/* \/ */
#define JSON_ASCII	0x02	/* \u for all that is not ASCII */
#define JSON_HTML	0x04	/* \u for < > & */
#define JSON_UPPER	0x08	/* capital digits */

static const struct {
	unsigned	how;
	unsigned	needs;
} writers[] = {
	{ 0, SEEN_ESCAPE },
	{ JSON_UPPER, SEEN_LETTER },
	{ JSON_SLASH, SEEN_SLASH },
	{ JSON_ASCII, SEEN_WIDE },
	{ JSON_ASCII | JSON_UPPER, SEEN_WIDE | SEEN_LETTER },
	{ JSON_ASCII | JSON_SLASH, SEEN_WIDE | SEEN_SLASH },
	{ JSON_HTML, SEEN_HTML },
	{ JSON_HTML | JSON_UPPER, SEEN_HTML | SEEN_LETTER },
};

static unsigned
put_unit(struct forms *f, uint32_t unit, unsigned how)
{
	put_text(f, span_of("\\u"));
	return (put_hex(f, unit, 4, (how & JSON_UPPER) != 0));
}

/* One that is not ASCII, if that is how. */
static unsigned
put_wide(struct forms *f, struct span character, uint32_t cp, unsigned how)
{
	if ((how & JSON_ASCII) == 0) {
		put_text(f, character);
		return (0);
	}
	if (cp < 0x10000)
		return (SEEN_WIDE | put_unit(f, cp, how));
	cp -= 0x10000;
	return (SEEN_WIDE | put_unit(f, 0xd800 + (cp >> 10), how) |
	    put_unit(f, 0xdc00 + (cp & 0x3ff), how));
}

static unsigned
put_ascii(struct forms *f, char c, unsigned how)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";

	if (is_one_of(plain, c)) {
		put(f, '\\');
		put(f, letter[strchr(plain, c) - plain]);
		return (SEEN_ESCAPE);
	}
	if ((uint8_t)c < 0x20)
		return (put_unit(f, (uint8_t)c, how));
	if ((how & JSON_HTML) != 0 && is_one_of("<>&", c))
		return (SEEN_HTML | put_unit(f, (uint8_t)c, how));
	if ((how & JSON_SLASH) != 0 && c == '/') {
		put_text(f, span_of("\\/"));
		return (SEEN_ESCAPE | SEEN_SLASH);
	}
	put(f, c);
	return (0);
}

static void
add_json(struct forms *f, struct span v, unsigned how, unsigned needs)
{
	size_t begun = f->bytes, i, len;
	unsigned seen = 0;
	uint32_t cp;

	for (i = 0; i < v.n; i += len) {
		len = 1;
		if ((uint8_t)v.p[i] < 0x80)
			seen |= put_ascii(f, v.p[i], how);
		else if ((len = text_utf8(v.p + i, v.n - i, &cp)) > 0)
			seen |= put_wide(f, (struct span){ v.p + i, len }, cp,
			    how);
		else {
			len = 1;
			put(f, v.p[i]);
		}
	}
	end(f, begun, (seen & needs) == needs);
}

/* ------------------------------------------------------------------ all */

static void
add_all(struct forms *f, struct span v)
{
	size_t begun = f->bytes, i;

	put_text(f, v);
	end(f, begun, true);
	add_base64(f, v, false);
	add_base64(f, v, true);
	add_wrapped(f, v, 64);
	add_wrapped(f, v, 76);
	for (i = 0; i < sizeof escapers / sizeof escapers[0]; i++)
		add_url(f, v, &escapers[i]);
	for (i = 0; i < sizeof writers / sizeof writers[0]; i++)
		add_json(f, v, writers[i].how, writers[i].needs);
}

static struct span
trimmed(struct span s)
{
	while (s.n > 0 && is_one_of(" \t\r", *s.p)) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_one_of(" \t\r", s.p[s.n - 1]))
		s.n--;
	return (s);
}

void
forms_add(struct forms *f, struct span value)
{
	struct span line;
	size_t i, from = 0;

	add_all(f, value);
	for (i = 0; i <= value.n; i++) {
		if (i < value.n && value.p[i] != '\n')
			continue;
		line = trimmed((struct span){ value.p + from, i - from });
		if (line.n >= FORMS_MIN && line.n < value.n)
			add_all(f, line);
		from = i + 1;
	}
}
