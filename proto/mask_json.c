#include "proto/mask.h"

#include "proto/json.h"
#include "proto/mask_inner.h"
#include "proto/unescape.h"

struct rewriting {
	struct mask	*mask;
	struct buf	*out;
	struct buf	 plain;		/* scratch: a string without escapes */
	struct buf	 masked;
	bool		 changed;
};

/* A string with its quotes. */
static void
put_string(struct rewriting *w, struct span token)
{
	struct span plain;

	buf_reset(&w->plain);
	buf_reset(&w->masked);
	unescape_string(&w->plain, token);
	plain = buf_text(&w->plain);
	if (!w->plain.failed && !mask_apply(w->mask, plain, &w->masked)) {
		buf_span(w->out, token);
		return;
	}
	if (w->plain.failed || w->masked.failed)
		w->out->failed = true;
	jput_string(w->out, buf_text(&w->masked));
	w->changed = true;
}

static void
put_number(struct rewriting *w, struct span token)
{
	buf_reset(&w->masked);
	if (!mask_apply(w->mask, token, &w->masked)) {
		buf_span(w->out, token);
		return;
	}
	if (w->masked.failed)
		w->out->failed = true;
	jput_string(w->out, span_of(MASK_TEXT));
	w->changed = true;
}

/* The bytes from i on that are one string, one number, or one byte between. */
static struct span
token_at(struct span s, size_t i)
{
	struct span t = { s.p + i, 1 };

	if (*t.p == '"') {
		for (; i + t.n < s.n && t.p[t.n] != '"'; t.n++)
			if (t.p[t.n] == '\\' && i + t.n + 1 < s.n)
				t.n++;
		if (i + t.n < s.n)
			t.n++;
	} else if (memchr("-0123456789", *t.p, 11) != NULL)
		while (i + t.n < s.n &&
		    memchr("+-.0123456789eE", t.p[t.n], 15) != NULL)
			t.n++;
	return (t);
}

static void
rewrite(struct rewriting *w, struct span object)
{
	struct span t;
	size_t i;

	for (i = 0; i < object.n; i += t.n) {
		t = token_at(object, i);
		if (*t.p == '"')
			put_string(w, t);
		else if (memchr("-0123456789", *t.p, 11) != NULL)
			put_number(w, t);
		else
			buf_span(w->out, t);
	}
	mask_wipe(&w->plain);
	buf_free(&w->masked);
}

/* Is there a secret in the text as it stands? */
static bool
has_secret(struct mask *m, struct span text)
{
	struct buf b = { 0 };
	bool has = mask_apply(m, text, &b);

	buf_free(&b);
	return (has);
}

bool
mask_apply_json(struct mask *m, struct span object, struct buf *out)
{
	struct rewriting w = { .mask = m, .out = out };
	size_t mark = out->n;
	bool plain = object.n == 0 || memchr(object.p, '\\', object.n) == NULL;
	bool found = has_secret(m, object);
	struct span result;

	if ((!found && plain) || !jtext_is_object(object))
		return (false);
	rewrite(&w, object);
	result = buf_text(out);
	result.p += mark;
	result.n -= mark;
	if (out->failed)
		return (true);
	if (!w.changed && !found) {
		buf_cut(out, mark);
		return (false);
	}
	if (result.n > RECORD_METADATA_MAX || has_secret(m, result) ||
	    !jtext_is_object(result)) {
		buf_cut(out, mark);
		buf_str(out, MASK_OBJECT);
	}
	return (true);
}
