/*
 * Secrets do not get through: in any form, in any chunking, in JSON, across
 * parts.
 */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <time.h>

#include "proto/forms.h"
#include "proto/lines.h"
#include "proto/mask.h"
#include "proto/text.h"

#define ROUNDS	3000	/* of each property */

static struct mask *
mask_of(const char *const *values)
{
	struct mask *m = mask_new();

	assert_non_null(m);
	for (; *values != NULL; values++)
		assert_int_equal(mask_add(m, span_of(*values)), MASK_OK);
	return (m);
}

#define MASK(...)	mask_of((const char *const[]){ __VA_ARGS__, NULL })

/* The text, or what becomes of it. */
static void
apply(struct mask *m, struct span text, enum partial partial, struct buf *out)
{
	buf_reset(out);
	if (!mask_apply_part(m, text, partial, out)) {
		assert_int_equal(out->n, 0);
		buf_span(out, text);
	}
	assert_false(out->failed);
}

static void
assert_part(struct mask *m, const char *text, enum partial partial,
    const char *want)
{
	struct buf b = { 0 };

	apply(m, span_of(text), partial, &b);
	assert_text(buf_text(&b), want);
	buf_free(&b);
}

static void
assert_masked(struct mask *m, const char *text, const char *want)
{
	assert_part(m, text, PARTIAL_WHOLE, want);
}

static void
test_values(void **state)
{
	struct mask *m = MASK("hunter22", "correct horse", "rse battery");
	struct buf b = { 0 };

	(void)state;
	assert_false(mask_apply(m, span_of("nothing here"), &b));
	assert_false(mask_apply(m, span_of(""), &b));
	assert_false(mask_apply(m, SPAN_NONE, &b));
	assert_masked(m, "hunter22", "***SECRET***");
	assert_masked(m, "pw=hunter22;", "pw=***SECRET***;");
	assert_masked(m, "hunter2 hunter22hunter22",
	    "hunter2 ***SECRET******SECRET***");
	/* What overlaps is one. */
	assert_masked(m, "a correct horse battery.", "a ***SECRET***.");
	mask_free(m);
	mask_free(NULL);
	buf_free(&b);
}

static void
test_a_mask_without_values(void **state)
{
	struct mask *m = mask_new();
	struct buf b = { 0 };

	(void)state;
	assert_masked(m, "***SECRET*** and all", "***SECRET*** and all");
	assert_part(m, "abc", PARTIAL_MIDDLE, "abc");
	assert_false(mask_apply_json(m, span_of("{\"a\\n\":1}"), &b));
	buf_free(&b);
	mask_free(m);
}

static void
test_masking_twice_is_masking_once(void **state)
{
	struct mask *m = MASK("SECRET", "T***xy", "secret");

	(void)state;
	assert_masked(m, "***SECRET***", "***SECRET***");
	assert_masked(m, "a ***SECRET*** SECRET b",
	    "a ***SECRET*** ***SECRET*** b");
	assert_masked(m, "SECRETS", "***SECRET***S");
	assert_masked(m, "***SECRET**", "******SECRET*****");
	/* Both at once is one. */
	assert_masked(m, "***SECRET***xy", "***SECRET***");
	mask_free(m);
	m = MASK("hunter22");
	assert_masked(m, "***SECRET**hunter22", "***SECRET*****SECRET***");
	assert_masked(m, "***SECRET*****SECRET***", "***SECRET*****SECRET***");
	mask_free(m);
}

static void
test_limits(void **state)
{
	static char big[MASK_VALUE_MAX + 1];
	struct mask *m = mask_new();
	enum mask_result result = MASK_OK;
	char value[16];
	size_t i;

	(void)state;
	memset(big, 'x', sizeof big);
	assert_int_equal(mask_add(m, span_of("")), MASK_SHORT);
	assert_int_equal(mask_add(m, span_of("12345")), MASK_SHORT);
	assert_int_equal(mask_add(m, span_of("123456")), MASK_OK);
	assert_int_equal(mask_add(m, (struct span){ big, sizeof big }),
	    MASK_LONG);
	assert_int_equal(mask_add(m, (struct span){ big, MASK_VALUE_MAX }),
	    MASK_OK);
	for (i = 2; i < MASK_VALUES_MAX; i++) {
		(void)snprintf(value, sizeof value, "value%zu", i);
		assert_int_equal(mask_add(m, span_of(value)), MASK_OK);
	}
	assert_int_equal(mask_add(m, span_of("one more")), MASK_FULL);
	/* One that is there is no more. */
	assert_int_equal(mask_add(m, span_of("value2")), MASK_OK);
	assert_masked(m, "value2 one more", "***SECRET*** one more");
	mask_free(m);

	m = mask_new();
	for (i = 0; result == MASK_OK; i++) {
		memset(big, (int)('a' + i % 26), MASK_VALUE_MAX);
		big[0] = (char)i;
		result = mask_add(m, (struct span){ big, MASK_VALUE_MAX });
	}
	assert_int_equal(result, MASK_FULL);
	assert_int_equal(i - 1, MASK_BYTES_MAX / MASK_VALUE_MAX);
	assert_true(mask_forms(m) <= MASK_FORMS_MAX);
	mask_free(m);
}

/* ---------------------------------------------------------------- forms */

static void
test_base64_anywhere_in_a_longer_text(void **state)
{
	const char *const values[] = { "hunter", "hunter2", "hunter22",
	    "\xfb\xff\xbe\xfb\xef\xbe>>>???" };
	char before[8] = "abcdefg", after[8] = "uvwxyz_";
	struct buf text = { 0 }, b64 = { 0 }, out = { 0 };
	size_t v, i, k, left;
	struct mask *m;
	int url;

	(void)state;
	for (v = 0; v < 4; v++)
	for (i = 0; i < 7; i++)
	for (k = 0; k < 7; k++)
	for (url = 0; url < 2; url++) {
		m = MASK(values[v]);
		buf_reset(&text);
		buf_reset(&b64);
		buf_add(&text, before, i);
		buf_str(&text, values[v]);
		buf_add(&text, after, k);
		text_base64(&b64, buf_text(&text));
		for (left = 0; url && left < b64.n; left++)
			b64.p[left] = b64.p[left] == '+' ? '-' :
			    b64.p[left] == '/' ? '_' : b64.p[left];
		apply(m, buf_text(&b64), PARTIAL_WHOLE, &out);
		/* What is left of it: what stands beside it, and up to three
		   characters that tell a part of a byte. */
		left = out.n - strlen(MASK_TEXT);
		assert_true(out.n >= strlen(MASK_TEXT));
		assert_non_null(memmem(out.p, out.n, MASK_TEXT,
		    strlen(MASK_TEXT)));
		assert_true(left <= (i * 8 + 5) / 6 + (k * 8 + 5) / 6 + 5);
		if (i == 0 && k == 0)
			assert_text(buf_text(&out), MASK_TEXT);
		mask_free(m);
	}
	buf_free(&text);
	buf_free(&b64);
	buf_free(&out);
}

static void
test_base64_in_lines(void **state)
{
	char value[200];
	struct mask *m;
	struct buf b64 = { 0 }, out = { 0 };
	size_t i, width, n;

	(void)state;
	for (i = 0; i < sizeof value; i++)
		value[i] = (char)(' ' + i * 7 % 94);
	m = mask_new();
	assert_int_equal(mask_add(m, (struct span){ value, sizeof value }),
	    MASK_OK);
	/* As "echo $VALUE | base64" does it. */
	text_base64(&b64, (struct span){ value, sizeof value });
	for (width = 64; width <= 76; width += 12) {
		for (i = 0; i + 8 < b64.n; i += n) {
			n = b64.n - i < width ? b64.n - i : width;
			apply(m, (struct span){ b64.p + i, n }, PARTIAL_WHOLE,
			    &out);
			assert_true(out.n < strlen(MASK_TEXT) + 5);
		}
	}
	mask_free(m);
	buf_free(&b64);
	buf_free(&out);
}

static void
test_url(void **state)
{
	struct mask *m = MASK("p/\xc3\xbc +=k~'1", "no escapes");

	(void)state;
	/* Python: quote_plus, urlencode; quote. */
	assert_masked(m, "p%2F%C3%BC+%2B%3Dk~%271", MASK_TEXT);
	assert_masked(m, "p/%C3%BC%20%2B%3Dk~%271", MASK_TEXT);
	/* JavaScript: encodeURIComponent, encodeURI, URLSearchParams. */
	assert_masked(m, "p%2F%C3%BC%20%2B%3Dk~'1", MASK_TEXT);
	assert_masked(m, "p/%C3%BC%20+=k~'1", MASK_TEXT);
	assert_masked(m, "p%2F%C3%BC+%2B%3Dk%7E%271", MASK_TEXT);
	/* Small digits. */
	assert_masked(m, "p%2f%c3%bc%20%2b%3dk~%271", MASK_TEXT);
	assert_masked(m, "?a=p%2f%c3%bc+%2b%3dk~%271&b", "?a=" MASK_TEXT "&b");
	assert_masked(m, "no+escapes no%20escapes", MASK_TEXT " " MASK_TEXT);
	mask_free(m);
}

static void
test_json_escapes(void **state)
{
	struct mask *m = MASK("a\"b\\c/d\n\x01\x1f\xc3\xbc\xf0\x9f\x98\x80",
	    "<tag>&amp", "slash/only");

	(void)state;
	assert_masked(m,
	    "a\\\"b\\\\c/d\\n\\u0001\\u001f\xc3\xbc\xf0\x9f\x98\x80",
	    MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c\\/d\\n\\u0001\\u001f\xc3\xbc\xf0\x9f\x98\x80",
	    MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c/d\\n\\u0001\\u001F\xc3\xbc\xf0\x9f\x98\x80",
	    MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c/d\\n\\u0001\\u001f\\u00fc\\ud83d\\ude00", MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c/d\\n\\u0001\\u001F\\u00FC\\uD83D\\uDE00", MASK_TEXT);
	assert_masked(m,
	    "a\\\"b\\\\c\\/d\\n\\u0001\\u001f\\u00fc\\ud83d\\ude00",
	    MASK_TEXT);
	assert_masked(m, "\\u003ctag\\u003e\\u0026amp", MASK_TEXT);
	assert_masked(m, "\\u003Ctag\\u003E\\u0026amp", MASK_TEXT);
	assert_masked(m, "slash\\/only", MASK_TEXT);
	mask_free(m);
}

static void
test_lines_of_a_value(void **state)
{
	struct mask *m = MASK("-----BEGIN KEY-----\r\n  abcdefghijkl  \nshort\n"
	    "      \n-----END KEY-----\n");

	(void)state;
	assert_masked(m, "-----BEGIN KEY-----", MASK_TEXT);
	assert_masked(m, "\tabcdefghijkl!", "\t" MASK_TEXT "!");
	assert_masked(m, "short       ", "short       ");
	assert_masked(m, "-----BEGIN KEY-----\\nabcdefghijkl\\n",
	    MASK_TEXT "\\n" MASK_TEXT "\\n");
	assert_masked(m, "YWJjZGVmZ2hpamts", MASK_TEXT);
	assert_masked(m, "<-----BEGIN KEY-----\r\n  abcdefghijkl  \nshort\n"
	    "      \n-----END KEY-----\n>", "<" MASK_TEXT ">");
	mask_free(m);
}

/* ----------------------------------------------------------- properties */

static unsigned long seed;

static size_t
below(size_t n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return ((seed >> 33) % n);
}

/* Few letters, so that much matches, overlaps and nearly matches. */
static size_t
random_text(char *p, size_t max)
{
	static const char letter[] = "aab*\\/\"S +\n\xc3";
	size_t n = below(max + 1), i;

	for (i = 0; i < n; i++)
		p[i] = letter[below(sizeof letter - 1)];
	return (n);
}

struct known {
	struct mask	*mask;
	struct forms	 forms;
	char		 text[1 << 20];
	struct span	 form[20000];
};

static struct known known;

static void
know(void)
{
	char value[20];
	struct span v;
	size_t i, n = 1 + below(4);

	known.mask = mask_new();
	known.forms = (struct forms){ .p = known.text, .form = known.form };
	for (i = 0; i < n; i++) {
		v = (struct span){ value, random_text(value, sizeof value) };
		if (mask_add(known.mask, v) == MASK_OK)
			forms_add(&known.forms, v);
	}
}

/* Text with whole and half forms in it. */
static size_t
known_text(char *p, size_t max)
{
	struct span f;
	size_t n = random_text(p, max / 4), from, k;

	while (known.forms.count > 0 && below(4) > 0) {
		f = below(4) == 0 ? span_of(MASK_TEXT) :
		    known.form[below(known.forms.count)];
		from = below(3) == 0 ? below(f.n) : 0;
		k = below(3) == 0 ? below(f.n - from) : f.n - from;
		if (n + k + 5 > max)
			break;
		memcpy(p + n, f.p + from, k);
		n += k;
		n += random_text(p + n, 4);
	}
	return (n);
}

/* What mask_apply is to do, by looking everywhere for everything. */
static void
look_everywhere(struct span text, struct buf *out)
{
	static bool covered[4096], ends[4096], secret[4096];
	struct span f;
	size_t i, k, at, reach = 0;
	bool any;

	memset(covered, 0, sizeof covered);
	memset(secret, 0, sizeof secret);
	buf_reset(out);
	/* ends[i]: no match lies across the border before i. */
	for (at = 0; at <= text.n; at++)
		ends[at] = true;
	for (k = 0; k <= known.forms.count; k++) {
		f = k < known.forms.count ? known.form[k] : span_of(MASK_TEXT);
		for (at = 0; known.forms.count > 0 && at + f.n <= text.n;
		    at++) {
			if (memcmp(text.p + at, f.p, f.n) != 0)
				continue;
			for (i = at; i < at + f.n; i++) {
				covered[i] = true;
				secret[i] |= !span_is(f, MASK_TEXT);
				if (i > at)
					ends[i] = false;
			}
		}
	}
	for (at = 0; at < text.n; at = reach) {
		any = secret[at];
		for (reach = at + 1; covered[at] && reach < text.n &&
		    covered[reach] && !ends[reach]; reach++)
			any = any || secret[reach];
		if (any)
			buf_str(out, MASK_TEXT);
		else
			buf_add(out, text.p + at, reach - at);
	}
}

static void
test_apply_finds_what_a_search_finds(void **state)
{
	struct buf want = { 0 }, got = { 0 };
	char text[2048];
	struct span t;
	int round;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		seed = (unsigned long)round;
		know();
		t = (struct span){ text, known_text(text, sizeof text) };
		look_everywhere(t, &want);
		apply(known.mask, t, PARTIAL_WHOLE, &got);
		assert_true(span_eq(buf_text(&got), buf_text(&want)));
		mask_free(known.mask);
	}
	buf_free(&want);
	buf_free(&got);
}

/* Can the form lie across the border of ***SECRET***, or around it? */
static bool
touches(struct span f)
{
	const char *mask = MASK_TEXT;
	size_t n = strlen(mask), k;

	for (k = 1; k < n && k <= f.n; k++)
		if (memcmp(f.p + f.n - k, mask, k) == 0 ||
		    memcmp(f.p, mask + n - k, k) == 0)
			return (true);
	return (memmem(f.p, f.n, mask, n) != NULL);
}

static void
test_twice_is_once(void **state)
{
	struct buf once = { 0 }, twice = { 0 };
	char text[2048];
	struct span t;
	size_t i;
	int round;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		seed = (unsigned long)round;
		know();
		for (i = 0; i < known.forms.count; i++)
			if (touches(known.form[i]))
				break;
		if (i == known.forms.count) {
			t = (struct span){ text,
			    known_text(text, sizeof text) };
			apply(known.mask, t, PARTIAL_WHOLE, &once);
			apply(known.mask, buf_text(&once), PARTIAL_WHOLE,
			    &twice);
			assert_true(span_eq(buf_text(&once),
			    buf_text(&twice)));
		}
		mask_free(known.mask);
	}
	buf_free(&once);
	buf_free(&twice);
}

static size_t
tail(struct span held, void *m)
{
	return (mask_tail(m, held));
}

static void
join(struct span text, enum partial partial, void *v)
{
	buf_span(v, text);
	buf_char(v, partial == PARTIAL_FIRST ? '/' : ';');
}

static void
test_a_line_is_not_flushed_into_a_secret(void **state)
{
	struct mask *m = MASK("hunter22", "unterwegs");
	struct lines l = { .keep = tail, .arg = m };
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(mask_tail(m, span_of("")), 0);
	assert_int_equal(mask_tail(m, span_of("we hunte")), 5);
	assert_int_equal(mask_tail(m, span_of("we hunterw")), 6);
	assert_int_equal(mask_tail(m, span_of("hunter22")), 0);
	assert_true(lines_feed(&l, "we h", 4, join, &b));
	assert_true(lines_holds(&l));
	assert_true(lines_flush(&l, join, &b));
	assert_text(buf_text(&b), "we /");
	assert_false(lines_holds(&l) || lines_flush(&l, join, &b));
	assert_true(lines_feed(&l, "unter22\n", 8, join, &b));
	assert_text(buf_text(&b), "we /hunter22;");
	lines_free(&l);
	mask_free(m);
	buf_free(&b);
}

/* ---------------------------------------------------------------- parts */

static void
test_the_ends_of_parts(void **state)
{
	struct mask *m = MASK("hunter22");

	(void)state;
	assert_part(m, "see hunt", PARTIAL_WHOLE, "see hunt");
	assert_part(m, "see hunt", PARTIAL_LAST, "see hunt");
	assert_part(m, "see hunt", PARTIAL_FIRST, "see ***SECRET***");
	assert_part(m, "see hunt", PARTIAL_MIDDLE, "see ***SECRET***");
	assert_part(m, "ter22 seen", PARTIAL_FIRST, "ter22 seen");
	assert_part(m, "ter22 seen", PARTIAL_MIDDLE, "***SECRET*** seen");
	assert_part(m, "ter22 seen", PARTIAL_LAST, "***SECRET*** seen");
	assert_part(m, "hunter22ter22hun", PARTIAL_MIDDLE,
	    "***SECRET***ter22***SECRET***");
	assert_part(m, "unter22", PARTIAL_MIDDLE, "***SECRET***");
	/* Not the beginning or end of ***SECRET*** itself. */
	assert_part(m, "a***", PARTIAL_FIRST, "a***");
	assert_part(m, "***b", PARTIAL_LAST, "***b");
	mask_free(m);
}

/* Wherever a form is cut, a piece of it is missing in what is stored. */
static void
test_a_part_within_a_value(void **state)
{
	static char big[16][1025];
	struct mask *m = MASK("correct horse battery");
	size_t i;

	(void)state;
	assert_part(m, "horse", PARTIAL_WHOLE, "horse");
	assert_part(m, "horse", PARTIAL_FIRST, "horse");
	assert_part(m, "horse", PARTIAL_LAST, "horse");
	assert_part(m, "horse", PARTIAL_MIDDLE, "***SECRET***");
	assert_part(m, "horses", PARTIAL_MIDDLE, "horses");
	/* In base64. */
	assert_part(m, "N0IGhvcnNl", PARTIAL_MIDDLE, "***SECRET***");
	/* Too little to tell. */
	assert_part(m, "or", PARTIAL_MIDDLE, "or");
	assert_part(m, "SECRET", PARTIAL_MIDDLE, "SECRET");
	assert_part(m, "***SECRET***", PARTIAL_MIDDLE, "***SECRET***");
	/* Where there is much to look through, it is not looked for. */
	for (i = 0; i < 16; i++) {
		memset(big[i], (int)('a' + i), 1024);
		big[i][0] = '%';
		big[i][5] = '"';
		assert_int_equal(mask_add(m, span_of(big[i])), MASK_OK);
	}
	assert_in_range(mask_forms(m), MASK_INSIDE_MAX + 1, SIZE_MAX);
	assert_part(m, "horses", PARTIAL_MIDDLE, "***SECRET***");
	mask_free(m);
}

static void
test_no_cut_lets_a_value_through(void **state)
{
	struct buf first = { 0 }, last = { 0 };
	struct span f;
	size_t i, k;
	int round;

	(void)state;
	for (round = 0; round < 200; round++) {
		seed = (unsigned long)round;
		know();
		for (i = 0; i < known.forms.count; i++)
		for (k = 1; k < known.form[i].n; k++) {
			f = known.form[i];
			apply(known.mask, (struct span){ f.p, k },
			    PARTIAL_FIRST, &first);
			apply(known.mask, (struct span){ f.p + k, f.n - k },
			    PARTIAL_LAST, &last);
			buf_span(&first, buf_text(&last));
			assert_null(memmem(first.p, first.n, f.p, f.n));
		}
		mask_free(known.mask);
	}
	buf_free(&first);
	buf_free(&last);
}

/* ----------------------------------------------------------------- JSON */

static void
assert_json(struct mask *m, const char *object, const char *want)
{
	struct buf b = { 0 };

	buf_str(&b, "before");
	if (want == NULL) {
		assert_false(mask_apply_json(m, span_of(object), &b));
		assert_text(buf_text(&b), "before");
	} else {
		assert_true(mask_apply_json(m, span_of(object), &b));
		assert_false(b.failed);
		assert_text((struct span){ b.p + 6, b.n - 6 }, want);
		assert_true(jtext_is_object(
		    (struct span){ b.p + 6, b.n - 6 }));
	}
	buf_free(&b);
}

#define NOTHING_LEFT	"{\"***SECRET***\":\"***SECRET***\"}"

static void
test_json(void **state)
{
	struct mask *m = MASK("hunter22", "12345678", "say \"hi\"\n",
	    "gr\xc3\xbc\xc3\x9f""e\xf0\x9f\x98\x80", "\",\"z\":\"", "C:\\temp");

	(void)state;
	assert_json(m, "{}", NULL);
	assert_json(m, "{ \"a\": [1.10, \"x\\ny\", null, true] }", NULL);
	assert_json(m, "{ \"a\": \"hunter22\",\n\"n\": 1.10 }",
	    "{ \"a\": \"***SECRET***\",\n\"n\": 1.10 }");
	assert_json(m, "{\"hunter22\":[{\"k\":\"-hunter22-\"}]}",
	    "{\"***SECRET***\":[{\"k\":\"-***SECRET***-\"}]}");
	assert_json(m, "{\"a\":12345678,\"b\":-912345678.5e3,\"c\":1234567}",
	    "{\"a\":\"***SECRET***\",\"b\":\"***SECRET***\",\"c\":1234567}");
	assert_json(m, "{\"a\":\"say \\\"hi\\\"\\n.\"}",
	    "{\"a\":\"***SECRET***.\"}");
	/* However it is written. */
	assert_json(m, "{\"a\":\"\\u0068unter\\u0032\\u0032\\\\\"}",
	    "{\"a\":\"***SECRET***\\\\\"}");
	assert_json(m, "{\"a\":\"gr\\u00fc\\u00DFe\\ud83d\\uDE00\"}",
	    "{\"a\":\"***SECRET***\"}");
	assert_json(m, "{\"a\":\"C:\\\\temp\\\\x\"}",
	    "{\"a\":\"***SECRET***\\\\x\"}");
	assert_json(m, "{\"a\":\"aHVudGVyMjI=\"}", "{\"a\":\"***SECRET***\"}");
	/* An escape is not cut: the match ends inside one. */
	assert_json(m, "{\"a\":\"12345678\\u0031\"}",
	    "{\"a\":\"***SECRET***1\"}");
	/* What strings and numbers do not tell. */
	assert_json(m, "{\"a\":\"x\",\"z\":\"y\"}", NOTHING_LEFT);
	assert_json(m, "{\"hunter22\":1,\"aHVudGVyMjI=\":2}", NOTHING_LEFT);
	/* No object: its owner refuses it. */
	assert_json(m, "[\"hunter22\"]", NULL);
	assert_json(m, "{\"a\":\"hunter22", NULL);
	assert_json(m, "", NULL);
	assert_json(m, "{\"hunter22\":\"\\", NULL);
	mask_free(m);
}

static void
test_json_that_grows_too_long(void **state)
{
	struct mask *m = MASK("hunter22");
	struct buf b = { 0 }, out = { 0 };

	(void)state;
	buf_str(&b, "{\"a\":\"");
	while (b.n < RECORD_METADATA_MAX - 100)
		buf_str(&b, "hunter22 ");
	buf_str(&b, "\"}");
	assert_true(mask_apply_json(m, buf_text(&b), &out));
	assert_text(buf_text(&out), NOTHING_LEFT);
	buf_free(&b);
	buf_free(&out);
	mask_free(m);
}

static void
test_json_stays_json(void **state)
{
	struct buf object = { 0 }, out = { 0 };
	char text[512];
	size_t i, n;
	int round;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		seed = (unsigned long)round;
		know();
		buf_reset(&object);
		buf_reset(&out);
		buf_char(&object, '{');
		n = below(4);
		for (i = 0; i < n; i++) {
			if (i > 0)
				buf_char(&object, ',');
			jput_string(&object, (struct span){ text,
			    known_text(text, sizeof text) });
			buf_char(&object, ':');
			jput_string(&object, (struct span){ text,
			    known_text(text, sizeof text) });
		}
		buf_char(&object, '}');
		if (jtext_is_object(buf_text(&object)) &&
		    mask_apply_json(known.mask, buf_text(&object), &out)) {
			assert_true(jtext_is_object(buf_text(&out)));
			assert_false(mask_apply_json(known.mask,
			    buf_text(&out), &object) &&
			    !span_is(buf_text(&out), NOTHING_LEFT));
		}
		mask_free(known.mask);
	}
	buf_free(&object);
	buf_free(&out);
}

/* ----------------------------------------------------------------- cost */

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static void
random_letters(char *p, size_t n)
{
	static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_=+/ .:%&";
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = letter[below(sizeof letter - 1)];
}

static double
cost_of(struct mask *m, struct span line)
{
	struct buf b = { 0 };
	double begun = seconds();
	int i;

	for (i = 0; i < 20000; i++)
		(void)mask_apply(m, line, &b);
	buf_free(&b);
	return ((seconds() - begun) / 20000 * 1e6);
}

/* 50 values of 1 KB: the bound is generous, the figures are printed. */
static void
test_the_cost_of_a_line(void **state)
{
	char value[1024], line[190];
	struct mask *m = mask_new();
	double built, prose, noise, near;
	struct buf b = { 0 };
	int i;

	(void)state;
	seed = 1;
	for (i = 0; i < 50; i++) {
		random_letters(value, sizeof value);
		assert_int_equal(mask_add(m, (struct span){ value,
		    sizeof value }), MASK_OK);
	}
	built = seconds();
	(void)mask_apply(m, span_of("x"), &b);
	built = seconds() - built;
	memset(line, 'x', sizeof line);
	for (i = 0; i + 38 <= 190; i += 38)
		memcpy(line + i, "GET /index.html HTTP/1.1 took 12.5 ms ", 38);
	prose = cost_of(m, (struct span){ line, sizeof line });
	random_letters(line, sizeof line);
	noise = cost_of(m, (struct span){ line, sizeof line });
	near = cost_of(m, (struct span){ value, sizeof line });
	printf("50 values of 1 KB: %zu bytes of forms, built in %.0f ms; a "
	    "line of 190 bytes: %.2f us, of random text %.2f us, of a value's "
	    "beginning %.2f us\n", mask_forms(m), built * 1e3, prose, noise,
	    near);
	assert_true(prose < 50 && noise < 50 && near < 50);
	mask_free(m);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_a_mask_without_values),
		cmocka_unit_test(test_masking_twice_is_masking_once),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_base64_anywhere_in_a_longer_text),
		cmocka_unit_test(test_base64_in_lines),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_json_escapes),
		cmocka_unit_test(test_lines_of_a_value),
		cmocka_unit_test(test_apply_finds_what_a_search_finds),
		cmocka_unit_test(test_twice_is_once),
		cmocka_unit_test(test_a_line_is_not_flushed_into_a_secret),
		cmocka_unit_test(test_the_ends_of_parts),
		cmocka_unit_test(test_a_part_within_a_value),
		cmocka_unit_test(test_no_cut_lets_a_value_through),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_that_grows_too_long),
		cmocka_unit_test(test_json_stays_json),
		cmocka_unit_test(test_the_cost_of_a_line),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
