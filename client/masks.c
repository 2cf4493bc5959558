#include "client/masks.h"

#include <stdlib.h>
#include <string.h>

#include "client/execlog.h"
#include "client/handle.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/masking.h"

/* The frame at the offset; it is whole. */
static struct span
frame_at(const struct masks *m, size_t at)
{
	return ((struct span){ m->p + at, FRAME_HEADER + be_u32(m->p + at) });
}

/* What the frame says, up to its tag, which comes last. */
static struct span
untagged(struct span frame)
{
	while (frame.n > FRAME_HEADER && frame.p[frame.n - 1] != ']')
		frame.n--;
	return ((struct span){ frame.p + FRAME_HEADER,
	    frame.n - FRAME_HEADER });
}

bool
masks_has(const struct masks *m, struct span frame)
{
	struct span f;
	size_t at;

	for (at = 0; at < m->n; at += f.n) {
		f = frame_at(m, at);
		if (span_eq(untagged(f), untagged(frame)))
			return (true);
	}
	return (false);
}

int64_t
masks_newest(const struct masks *m)
{
	struct span f = SPAN_NONE;
	struct masking last = { .tag = 0 };
	size_t at;

	for (at = 0; at < m->n; at += f.n)
		f = frame_at(m, at);
	if (f.p != NULL)
		jdoc_free(masking_from_json((struct span){
		    f.p + FRAME_HEADER, f.n - FRAME_HEADER }, &last));
	return (last.tag);
}

/* ---------------------------------------------------------- executions */

struct masks_entry {
	char		*execution;
	struct mask	*mask;
};

static bool
entry_is(const struct masks *m, size_t i, struct span execution)
{
	return (span_is(execution, m->entry[i].execution));
}

/* The entry of the execution; NULL: none. */
static struct masks_entry *
entry_of(struct masks *m, struct span execution)
{
	size_t i;

	if (m->last < m->count && entry_is(m, m->last, execution))
		return (&m->entry[m->last]);
	for (i = 0; i < m->count; i++) {
		if (entry_is(m, i, execution)) {
			m->last = i;
			return (&m->entry[i]);
		}
	}
	return (NULL);
}

static void
entry_remove(struct masks *m, struct masks_entry *e)
{
	mask_free(e->mask);
	free(e->execution);
	*e = m->entry[--m->count];
}

static struct masks_entry *
entry_new(struct masks *m, struct span execution)
{
	struct masks_entry *grown, *e;

	grown = reallocarray(m->entry, m->count + 1, sizeof *grown);
	if (grown == NULL)
		return (NULL);
	m->entry = grown;
	e = &grown[m->count++];
	e->mask = mask_new();
	e->execution = strndup(execution.p, execution.n);
	if (e->mask != NULL && e->execution != NULL)
		return (e);
	entry_remove(m, e);
	return (NULL);
}

struct mask *
masks_find(struct masks *m, struct span execution)
{
	struct masks_entry *e;

	if (m->count == 0 || (e = entry_of(m, execution)) == NULL)
		return (NULL);
	return (e->mask);
}

struct span
masks_text(struct masks *m, struct span execution, struct span text,
    enum partial partial)
{
	struct mask *mask = masks_find(m, execution);

	buf_reset(&m->text);
	if (mask == NULL || !mask_apply_part(mask, text, partial, &m->text))
		return (text);
	if (m->text.n > RECORD_MESSAGE_MAX) {
		buf_reset(&m->text);
		(void)mask_apply_shorter(mask, text, partial, &m->text);
	}
	return (m->text.failed ? span_of(MASK_TEXT) : buf_text(&m->text));
}

struct span
masks_metadata(struct masks *m, struct span execution, struct span metadata)
{
	struct mask *mask = masks_find(m, execution);

	buf_reset(&m->metadata);
	if (mask == NULL || metadata.p == NULL ||
	    !mask_apply_json(mask, metadata, &m->metadata))
		return (metadata);
	if (m->metadata.failed)
		return (SPAN_NONE);
	/* Escapes may make six bytes of one. */
	if (m->metadata.n > 2 * metadata.n + MASKS_MORE)
		return (span_of(MASK_OBJECT));
	return (buf_text(&m->metadata));
}

/* --------------------------------------------------------------- frames */

/* Not realloc: it would leave values behind. */
static bool
frame_add(struct masks *m, struct span frame)
{
	char *p;

	if (m->n + frame.n > MASKS_MAX || (p = malloc(m->n + frame.n)) == NULL)
		return (false);
	if (m->n > 0) {
		memcpy(p, m->p, m->n);
		explicit_bzero(m->p, m->n);
	}
	memcpy(p + m->n, frame.p, frame.n);
	free(m->p);
	m->p = p;
	m->n += frame.n;
	return (true);
}

bool
masks_add(struct masks *m, struct span execution, struct span value,
    struct span frame)
{
	struct masks_entry *e = entry_of(m, execution);

	if (e == NULL)
		e = entry_new(m, execution);
	if (e == NULL)
		return (false);
	if (mask_add(e->mask, value) == MASK_OK && frame_add(m, frame))
		return (true);
	if (mask_forms(e->mask) == 0)
		entry_remove(m, e);
	return (false);
}

static bool
frame_is_of(struct span frame, struct span execution)
{
	const struct span body = { frame.p + FRAME_HEADER,
	    frame.n - FRAME_HEADER };
	struct masking m;
	struct json_t *doc = masking_from_json(body, &m);
	bool is = doc != NULL && span_eq(m.execution, execution);

	jdoc_free(doc);
	return (is);
}

void
masks_forget(struct masks *m, struct span execution)
{
	struct masks_entry *e = entry_of(m, execution);
	struct span f;
	size_t at, kept = 0;

	if (e == NULL)
		return;
	for (at = 0; at < m->n; at += f.n) {
		f = frame_at(m, at);
		if (frame_is_of(f, execution))
			continue;
		memmove(m->p + kept, f.p, f.n);
		kept += f.n;
	}
	explicit_bzero(m->p + kept, m->n - kept);
	m->n = kept;
	entry_remove(m, e);
}

void
masks_free(struct masks *m)
{
	while (m->count > 0)
		entry_remove(m, &m->entry[m->count - 1]);
	free(m->entry);
	if (m->p != NULL)
		explicit_bzero(m->p, m->n);
	free(m->p);
	buf_free(&m->text);
	buf_free(&m->metadata);
	*m = (struct masks){ .p = NULL };
}

/* ------------------------------------------------------------- the call */

/* With the lock, and room.  It goes before all that is queued after it. */
static enum execlog_result
put(struct execlog *h, const struct masking *m, struct span frame)
{
	/* One that is kept is sent as well: the daemon may have forgotten it. */
	if (!masks_has(&h->masks, frame) &&
	    !masks_add(&h->masks, m->execution, m->value[0], frame))
		return (EXECLOG_INVALID);
	h->masked = true;
	h->mask_goal = ++h->mask_tag;
	ring_put(&h->ring, frame.p, frame.n);
	sender_wake(h);
	return (EXECLOG_OK);
}

enum execlog_result
execlog_mask(struct execlog *h, const char *execution, const char *value,
    size_t len)
{
	struct masking m = { .execution = span_of(execution), .n = 1,
	    .value = { { value, len } } };
	enum execlog_result result = EXECLOG_INVALID;
	struct buf frame = { 0 };

	if (handle_usable(h) != EXECLOG_OK)
		return (handle_usable(h));
	if (execution == NULL || (value != NULL &&
	    (!text_is_id(m.execution) || len < MASK_VALUE_MIN ||
	    len > MASK_VALUE_MAX)))
		return (EXECLOG_INVALID);
	/* All at once: to grow would leave values behind. */
	(void)buf_reserve(&frame, FRAME_JSON_MAX);
	sender_lock(h);
	if (value == NULL) {
		masks_forget(&h->masks, m.execution);
		result = EXECLOG_OK;
	} else if ((result = handle_await_room(h, frame.cap)) == EXECLOG_OK) {
		/* Not before the wait: others may have taken it meanwhile. */
		m.tag = h->mask_tag + 1;
		result = masking_put(&frame, &m) ?
		    put(h, &m, buf_text(&frame)) : EXECLOG_INVALID;
	}
	sender_unlock(h);
	if (frame.p != NULL)
		explicit_bzero(frame.p, frame.n);
	buf_free(&frame);
	return (result);
}
