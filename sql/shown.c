#include "sql/shown.h"

#include <stdint.h>

#include "proto/buf.h"
#include "proto/json.h"
#include "proto/redact.h"
#include "proto/text.h"

struct span
shown_text(struct buf *b, struct span s, size_t max)
{
	/* Before it is cut: what is cut may be no key any more. */
	if (redact_apply(s, b))
		s = buf_text(b);
	if (s.n > max)
		s.n = text_cut(s, max);
	return (s);
}

void
shown_put(struct buf *b, const char *key, struct span s, size_t max)
{
	struct buf text = { 0 };

	if (s.p == NULL)
		return;
	jput_text(b, key, shown_text(&text, s, max));
	b->failed = b->failed || text.failed;
	buf_free(&text);
}

void
shown_event(struct buf *b, const struct audit_row *r)
{
	struct audit_row shown = *r;
	struct buf type = { 0 }, text = { 0 }, said = { 0 };

	/* It is cut where it is JSON no more: by the row. */
	shown.type = shown_text(&type, r->type, ROW_NAME_MAX);
	shown.metadata = shown_text(&text, r->metadata, SIZE_MAX);
	shown.sender.metadata = shown_text(&said, r->sender.metadata,
	    SIZE_MAX);
	audit_row_put(b, &shown);
	b->failed = b->failed || type.failed || text.failed || said.failed;
	buf_free(&type);
	buf_free(&text);
	buf_free(&said);
}
