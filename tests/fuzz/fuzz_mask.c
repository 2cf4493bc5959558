/*
 * Masking: whatever the values and the text, pieces give what the whole gives,
 * no form of a value is left in it, and JSON stays JSON.
 *
 * The input is up to four values and a text, each behind a byte that says how
 * long it is; the text may also be JSON.
 */
#include <stdlib.h>

#include "proto/json.h"
#include "proto/mask.h"

#define VALUES		4
#define CHECK(true)	((true) ? (void)0 : abort())

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The next n bytes; fewer at the end. */
static struct span
take(struct span *in, size_t n)
{
	struct span s = { in->p, n < in->n ? n : in->n };

	in->p += s.n;
	in->n -= s.n;
	return (s);
}

static uint8_t
take_byte(struct span *in)
{
	return (in->n == 0 ? 0 : (uint8_t)*take(in, 1).p);
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
check_absent(struct span text, const struct forms *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		CHECK(touches(f->form[i]) || memmem(MASK_TEXT,
		    strlen(MASK_TEXT), f->form[i].p, f->form[i].n) != NULL ||
		    memmem(text.p, text.n, f->form[i].p, f->form[i].n) ==
		    NULL);
}

static void
check_json(struct mask *m, struct span text)
{
	struct buf out = { 0 };
	bool object = jtext_is_object(text);

	if (mask_apply_json(m, text, &out)) {
		CHECK(object && jtext_is_object(buf_text(&out)));
		CHECK(out.n <= RECORD_METADATA_MAX || out.n <= text.n);
	} else
		CHECK(out.n == 0);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char bytes[1 << 16];
	static struct span form[1 << 12];
	struct span in = { (const char *)data, size }, value;
	struct forms f = { .p = bytes, .form = form };
	struct mask *m = mask_new();
	struct buf out = { 0 };
	size_t i;

	CHECK(m != NULL);
	for (i = 0; i < VALUES; i++) {
		value = take(&in, take_byte(&in) % 64);
		if (mask_add(m, value) == MASK_OK)
			forms_add(&f, value);
	}
	if (!mask_apply(m, in, &out))
		buf_span(&out, in);
	CHECK(!out.failed);
	check_absent(buf_text(&out), &f);
	check_json(m, in);
	for (i = 0; i < PARTIAL_COUNT; i++) {
		buf_reset(&out);
		(void)mask_apply_part(m, in, (enum partial)i, &out);
		CHECK(!out.failed);
	}
	mask_free(m);
	buf_free(&out);
	return (0);
}
