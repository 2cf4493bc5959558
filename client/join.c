#include "client/join.h"

#include <assert.h>
#include <string.h>

#include "proto/json.h"
#include "proto/row.h"

enum partial
join_part(const struct log_row *r)
{
	struct span s = SPAN_NONE;

	if (r->metadata.p != NULL)
		s = jtext_member(r->metadata, "partial");
	if (span_is(s, "\"first\""))
		return (PARTIAL_FIRST);
	if (span_is(s, "\"middle\""))
		return (PARTIAL_MIDDLE);
	return (span_is(s, "\"last\"") ? PARTIAL_LAST : PARTIAL_WHOLE);
}

static void
put_owner(struct buf *b, const struct log_row *r)
{
	const struct span parts[] = { r->execution, r->task, r->source,
	    jtext_member(r->metadata, "attempt"),
	    jtext_member(r->metadata, "stream") };
	size_t i;

	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		buf_span(b, parts[i]);
		buf_char(b, '\0');
	}
}

struct join_line *
join_find(struct joiner *j, const struct log_row *r)
{
	struct join_line *found = NULL;
	struct buf owner = { 0 };
	size_t i;

	put_owner(&owner, r);
	for (i = 0; i < j->n && found == NULL; i++)
		if (span_eq(buf_text(&j->line[i].owner), buf_text(&owner)))
			found = &j->line[i];
	buf_free(&owner);
	return (found);
}

bool
join_is_full(const struct joiner *j)
{
	return (j->n == JOIN_LINES_MAX);
}

struct join_line *
join_begin(struct joiner *j, const struct log_row *r)
{
	struct join_line *line;

	assert(!join_is_full(j));
	line = &j->line[j->n++];
	*line = (struct join_line){ .owner = { .n = 0 } };
	put_owner(&line->owner, r);
	return (line);
}

void
join_remove(struct joiner *j, struct join_line *line)
{
	size_t i = (size_t)(line - j->line);

	buf_free(&line->owner);
	buf_free(&line->text);
	j->n--;
	memmove(line, line + 1, (j->n - i) * sizeof *line);
}

void
join_free(struct joiner *j)
{
	while (j->n > 0)
		join_remove(j, &j->line[j->n - 1]);
}
