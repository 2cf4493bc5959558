#include "proto/json.h"

#include <jansson.h>

#include "proto/buf.h"
#include "proto/text.h"

#define PARSE_FLAGS	(JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

static void
put_escaped(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':	buf_add(b, "\\\"", 2); break;
	case '\\':	buf_add(b, "\\\\", 2); break;
	case '\n':	buf_add(b, "\\n", 2); break;
	case '\r':	buf_str(b, "\\r"); break;
	case '\t':	buf_str(b, "\\t"); break;
	default:	buf_printf(b, "\\u%04x", c); break;
	}
}

void
jput_string(struct buf *b, struct span s)
{
	size_t i, len, plain = 0;
	unsigned char c;

	buf_char(b, '"');
	for (i = 0; i < s.n; i += len) {
		c = (unsigned char)s.p[i];
		len = 1;
		if (c >= 0x80)
			len = text_utf8(s.p + i, s.n - i, NULL);
		if (len > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		if (i > plain)
			buf_add(b, s.p + plain, i - plain);
		if (len == 0) {
			buf_str(b, "\xef\xbf\xbd");
			len = 1;
		} else
			put_escaped(b, c);
		plain = i + len;
	}
	if (s.n > plain)
		buf_add(b, s.p + plain, s.n - plain);
	buf_char(b, '"');
}

void
jput_key(struct buf *b, const char *key)
{
	if (b->n > 0 && b->p[b->n - 1] != '{')
		buf_char(b, ',');
	jput_string(b, span_of(key));
	buf_char(b, ':');
}

void
jput_text(struct buf *b, const char *key, struct span s)
{
	jput_key(b, key);
	if (s.p == NULL)
		buf_str(b, "null");
	else
		jput_string(b, s);
}

void
jput_i64(struct buf *b, const char *key, int64_t v)
{
	jput_key(b, key);
	buf_printf(b, "%lld", (long long)v);
}

void
jput_bool(struct buf *b, const char *key, bool v)
{
	jput_key(b, key);
	buf_str(b, v ? "true" : "false");
}

json_t *
jdoc_parse(struct span s)
{
	json_error_t error;
	json_t *doc;

	if (s.p == NULL)
		return (NULL);
	doc = json_loadb(s.p, s.n, PARSE_FLAGS, &error);
	if (doc == NULL &&
	    json_error_code(&error) == json_error_numeric_overflow)
		doc = json_loadb(s.p, s.n,
		    PARSE_FLAGS | JSON_DECODE_INT_AS_REAL, &error);
	if (doc != NULL && !json_is_object(doc)) {
		json_decref(doc);
		doc = NULL;
	}
	return (doc);
}

void
jdoc_free(json_t *doc)
{
	json_decref(doc);
}

bool
jtext_is_object(struct span s)
{
	json_t *doc = jdoc_parse(s);
	bool is = doc != NULL;

	json_decref(doc);
	return (is);
}

/* The index behind the string that begins with the quote at i. */
size_t
jtext_string_end(struct span s, size_t i)
{
	for (i++; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\')
			i++;
	return (i < s.n ? i + 1 : s.n);
}

static size_t
skip_space(struct span s, size_t i)
{
	while (i < s.n && memchr(" \t\r\n", s.p[i], 4) != NULL)
		i++;
	return (i);
}

/* The index behind the value at i; the text is known to be valid. */
size_t
jtext_value_end(struct span s, size_t i)
{
	size_t depth = 0;

	while (i < s.n) {
		if (s.p[i] == '"') {
			i = jtext_string_end(s, i);
			if (depth == 0)
				break;
			continue;
		}
		if (s.p[i] == '{' || s.p[i] == '[')
			depth++;
		else if (s.p[i] == '}' || s.p[i] == ']') {
			if (depth == 0)
				break;
			if (--depth == 0)
				return (i + 1);
		} else if (depth == 0 &&
		    memchr(", \t\r\n", s.p[i], 5) != NULL)
			break;
		i++;
	}
	return (i);
}

/*
 * The next member of an object's text: its name, between the quotes, and its
 * value.  *at begins at 0.
 */
static bool
next_member(struct span s, size_t *at, struct span *name, struct span *value)
{
	size_t i = skip_space(s, *at), end;

	if (*at == 0 && (i == s.n || s.p[i] != '{'))
		return (false);
	i = skip_space(s, i + 1);
	if (i >= s.n || s.p[i] != '"')
		return (false);
	name->p = s.p + i + 1;
	i = jtext_string_end(s, i);
	name->n = (size_t)(s.p + i - name->p) - 1;
	i = skip_space(s, skip_space(s, i) + 1);
	if (i >= s.n)
		return (false);
	end = jtext_value_end(s, i);
	*value = (struct span){ s.p + i, end - i };
	*at = end;
	return (true);
}

struct span
jtext_member(struct span s, const char *key)
{
	struct span name, value;
	size_t at = 0;

	while (next_member(s, &at, &name, &value))
		if (span_is(name, key))
			return (value);
	return (SPAN_NONE);
}

static bool
is_one_of(const char *key, const char *const *keys, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(key, keys[i]) == 0)
			return (true);
	return (false);
}

/* jansson keeps the order of members, so text and document go in step. */
void
jput_members(struct buf *b, struct span text, json_t *doc,
    const char *const *keys, size_t n, const json_t *over)
{
	struct span name, value;
	const char *key;
	size_t at = 0;
	void *i;

	for (i = json_object_iter(doc);
	    i != NULL && next_member(text, &at, &name, &value);
	    i = json_object_iter_next(doc, i)) {
		key = json_object_iter_key(i);
		if (is_one_of(key, keys, n) ||
		    json_object_get(over, key) != NULL)
			continue;
		if (b->n > 0 && b->p[b->n - 1] != '{')
			buf_char(b, ',');
		buf_add(b, name.p - 1, name.n + 2);
		buf_char(b, ':');
		buf_span(b, value);
	}
}

bool
jput_without(struct buf *b, struct span text, const char *const *keys, size_t n)
{
	json_t *doc;

	if ((doc = jdoc_parse(text)) == NULL)
		return (false);
	buf_char(b, '{');
	jput_members(b, text, doc, keys, n, NULL);
	buf_char(b, '}');
	json_decref(doc);
	return (!b->failed);
}

/* The member, or NULL when it is absent or null. */
static json_t *
member(const json_t *doc, const char *key)
{
	json_t *v = json_object_get(doc, key);

	return (json_is_null(v) ? NULL : v);
}

enum jget
jget_text(const json_t *doc, const char *key, struct span *value)
{
	const json_t *v = member(doc, key);

	if (v == NULL)
		return (JGET_NONE);
	if (!json_is_string(v))
		return (JGET_WRONG);
	*value = (struct span){ json_string_value(v), json_string_length(v) };
	return (JGET_OK);
}

enum jget
jget_i64(const json_t *doc, const char *key, int64_t *value)
{
	const json_t *v = member(doc, key);
	double real;

	if (v == NULL)
		return (JGET_NONE);
	if (json_is_integer(v)) {
		*value = json_integer_value(v);
		return (JGET_OK);
	}
	real = json_number_value(v);
	if (!json_is_real(v) || !(real >= -0x1p53 && real <= 0x1p53) ||
	    (double)(int64_t)real < real || (double)(int64_t)real > real)
		return (JGET_WRONG);
	*value = (int64_t)real;
	return (JGET_OK);
}

enum jget
jget_bool(const json_t *doc, const char *key, bool *value)
{
	const json_t *v = member(doc, key);

	if (v == NULL)
		return (JGET_NONE);
	if (!json_is_boolean(v))
		return (JGET_WRONG);
	*value = json_is_true(v);
	return (JGET_OK);
}

enum jget
jget_number(const json_t *doc, const char *key)
{
	const json_t *v = member(doc, key);

	if (v == NULL)
		return (JGET_NONE);
	return (json_is_number(v) ? JGET_OK : JGET_WRONG);
}

enum jget
jget_object(const json_t *doc, const char *key, json_t **value)
{
	json_t *v = member(doc, key);

	if (v == NULL)
		return (JGET_NONE);
	if (!json_is_object(v))
		return (JGET_WRONG);
	*value = v;
	return (JGET_OK);
}

enum jget
jget_texts(const json_t *doc, const char *key, struct span *value, size_t max,
    size_t *n)
{
	const json_t *v = member(doc, key), *item;
	size_t i;

	if (v == NULL)
		return (JGET_NONE);
	if (!json_is_array(v) || json_array_size(v) > max)
		return (JGET_WRONG);
	for (i = 0; i < json_array_size(v); i++) {
		item = json_array_get(v, i);
		if (!json_is_string(item))
			return (JGET_WRONG);
		value[i] = (struct span){ json_string_value(item),
		    json_string_length(item) };
	}
	*n = i;
	return (JGET_OK);
}
