/*
 * Masking as it must be for any text: against a search for each form, in any
 * chunking, cut anywhere; and what it costs.
 */
#include "tests/unit/masking.h"

#include <stdlib.h>
#include <time.h>

#include "proto/json.h"
#include "proto/lines.h"
#include "proto/text.h"

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
			    !span_is(buf_text(&out), MASK_OBJECT));
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
		cmocka_unit_test(test_apply_finds_what_a_search_finds),
		cmocka_unit_test(test_twice_is_once),
		cmocka_unit_test(test_a_line_is_not_flushed_into_a_secret),
		cmocka_unit_test(test_no_cut_lets_a_value_through),
		cmocka_unit_test(test_json_stays_json),
		cmocka_unit_test(test_the_cost_of_a_line),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
