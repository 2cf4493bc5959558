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

bool
masks_add(struct masks *m, struct span frame)
{
	char *p;

	/* Not realloc: it would leave values behind. */
	if (m->n + frame.n > MASKS_MAX || (p = malloc(m->n + frame.n)) == NULL)
		return (false);
	if (m->n > 0)
		memcpy(p, m->p, m->n);
	memcpy(p + m->n, frame.p, frame.n);
	frame.n += m->n;
	m->version++;
	masks_free(m);
	m->p = p;
	m->n = frame.n;
	return (true);
}

/* Is the frame of this execution?  Then its value is added, unless to NULL. */
static bool
is_of(struct span frame, struct span execution, struct mask *mask)
{
	const struct span body = { frame.p + FRAME_HEADER,
	    frame.n - FRAME_HEADER };
	struct masking m;
	struct json_t *doc = masking_from_json(body, &m);
	bool is = doc != NULL && span_eq(m.execution, execution);

	if (is && mask != NULL)
		(void)mask_add(mask, m.value[0]);
	jdoc_free(doc);
	return (is);
}

struct mask *
masks_for(const struct masks *m, struct span execution)
{
	struct mask *mask = m->n > 0 ? mask_new() : NULL;
	bool any = false;
	struct span f;
	size_t at;

	for (at = 0; mask != NULL && at < m->n; at += f.n) {
		f = frame_at(m, at);
		any = is_of(f, execution, mask) || any;
	}
	if (any)
		return (mask);
	mask_free(mask);
	return (NULL);
}

void
masks_forget(struct masks *m, struct span execution)
{
	struct span f;
	size_t at, kept = 0;

	for (at = 0; at < m->n; at += f.n) {
		f = frame_at(m, at);
		if (is_of(f, execution, NULL))
			continue;
		memmove(m->p + kept, f.p, f.n);
		kept += f.n;
	}
	if (m->p != NULL)
		explicit_bzero(m->p + kept, m->n - kept);
	m->n = kept;
	m->version++;
}

void
masks_free(struct masks *m)
{
	if (m->p != NULL)
		explicit_bzero(m->p, m->n);
	free(m->p);
	m->p = NULL;
	m->n = 0;
}

/* ------------------------------------------------------------- the call */

/* With the lock, and room.  It goes before all that is queued after it. */
static enum execlog_result
put(struct execlog *h, struct span frame)
{
	if (masks_has(&h->masks, frame))
		return (EXECLOG_OK);
	if (!masks_add(&h->masks, frame))
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
		    put(h, buf_text(&frame)) : EXECLOG_INVALID;
	}
	sender_unlock(h);
	if (frame.p != NULL)
		explicit_bzero(frame.p, frame.n);
	buf_free(&frame);
	return (result);
}
