#include "proto/masking.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/text.h"

bool
masking_put(struct buf *b, const struct masking *m)
{
	size_t mark = frame_begin(b, FRAME_MASK), i;
	bool text = true;

	buf_char(b, '{');
	jput_text(b, "execution_id", m->execution);
	jput_key(b, "values");
	buf_char(b, '[');
	for (i = 0; i < m->n; i++) {
		text = text && text_is_clean(m->value[i]);
		if (i > 0)
			buf_char(b, ',');
		jput_string(b, m->value[i]);
	}
	buf_char(b, ']');
	/* The last member: frames of one value are told apart by it alone. */
	if (m->tag != 0)
		jput_i64(b, "tag", m->tag);
	buf_char(b, '}');
	return (frame_end(b, mark) && text);
}

struct json_t *
masking_from_json(struct span body, struct masking *m)
{
	struct json_t *doc;

	m->refusal = REFUSAL_NONE;
	m->execution = SPAN_NONE;
	m->n = 0;
	m->tag = 0;
	if ((doc = jdoc_parse(body)) == NULL)
		return (NULL);
	if (jget_text(doc, "execution_id", &m->execution) != JGET_OK ||
	    !text_is_id(m->execution))
		m->refusal = REFUSAL_EXECUTION_ID;
	else if (jget_texts(doc, "values", m->value, MASK_VALUES_MAX,
	    &m->n) != JGET_OK)
		m->refusal = REFUSAL_MASK;
	if (jget_i64(doc, "tag", &m->tag) == JGET_WRONG)
		m->refusal = REFUSAL_MASK;
	return (doc);
}

void
masked_put(struct buf *b, int64_t tag)
{
	size_t mark = frame_begin(b, FRAME_MASKED);

	buf_u64(b, (uint64_t)tag);
	(void)frame_end(b, mark);
}
