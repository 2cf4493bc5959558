#include "proto/structured.h"

#include "proto/buf.h"
#include "proto/json.h"
#include "proto/record.h"
#include "proto/rfc3339.h"

#define MEMBERS_MAX	4	/* level, message, timestamp, metadata */

/* Members that are not metadata. */
struct taken {
	const char	*key[MEMBERS_MAX];
	size_t		 n;
};

bool
structured_prefix(struct span *line, enum level *level)
{
	static const enum level levels[] = {
		LEVEL_ERROR, LEVEL_ERROR, LEVEL_ERROR, LEVEL_ERROR,
		LEVEL_WARN, LEVEL_INFO, LEVEL_INFO, LEVEL_DEBUG,
	};

	if (line->n < 3 || line->p[0] != '<' || line->p[2] != '>' ||
	    line->p[1] < '0' || line->p[1] > '7')
		return (false);
	*level = levels[line->p[1] - '0'];
	line->p += 3;
	line->n -= 3;
	return (true);
}

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

/*
 * Is it worth parsing?  Plain lines are almost all there is: they must not
 * cost more than this.
 */
static bool
may_be_record(struct span s)
{
	static const char key[] = "\"level\"";

	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	if (s.n == 0 || s.p[0] != '{' || s.n > RECORD_MESSAGE_MAX)
		return (false);
	while (is_blank(s.p[s.n - 1]))
		s.n--;
	return (s.p[s.n - 1] == '}' &&
	    memmem(s.p, s.n, key, sizeof key - 1) != NULL);
}

static bool
take_timestamp(struct structured *s, const struct json_t *doc)
{
	struct rfc3339 time;
	struct span text;
	int64_t ms;

	if (jget_text(doc, "timestamp", &text) == JGET_OK) {
		if (!rfc3339_parse(text, &time) || !time.has_zone)
			return (false);
		ms = rfc3339_ms(&time);
	} else if (jget_i64(doc, "timestamp", &ms) != JGET_OK ||
	    ms > RECORD_TIME_MAX || ms < -RECORD_TIME_MAX)
		return (false);
	s->has_timestamp = true;
	s->timestamp = ms;
	return (true);
}

/* The object of what is not taken; nothing if it is empty. */
static void
put_metadata(struct buf *b, struct span line, struct json_t *doc,
    struct taken *taken)
{
	size_t begin = b->n;
	struct span inner = SPAN_NONE;
	struct json_t *merged = NULL;

	if (jget_object(doc, "metadata", &merged) == JGET_OK)
		inner = jtext_member(line, "metadata");
	if (inner.p == NULL)	/* none, or its key is written with escapes */
		merged = NULL;
	else
		taken->key[taken->n++] = "metadata";
	buf_char(b, '{');
	jput_members(b, line, doc, taken->key, taken->n, merged);
	if (merged != NULL)
		jput_members(b, inner, merged, NULL, 0, NULL);
	if (b->n > begin + 1)
		buf_char(b, '}');
	else
		buf_cut(b, begin);
}

/* False if it is no record: then *s is not touched. */
static bool
from_object(struct structured *s, struct span line, struct json_t *doc,
    struct buf *scratch)
{
	struct structured got = { .metadata = SPAN_NONE };
	struct taken taken = { .key = { "level", "message" }, .n = 2 };
	struct span level;
	size_t message;

	if (jget_text(doc, "level", &level) != JGET_OK ||
	    !level_parse(level, &got.level) ||
	    jget_text(doc, "message", &got.message) != JGET_OK)
		return (false);
	if (take_timestamp(&got, doc))
		taken.key[taken.n++] = "timestamp";
	buf_reset(scratch);
	buf_span(scratch, got.message);
	message = scratch->n;
	put_metadata(scratch, line, doc, &taken);
	if (scratch->failed)
		return (false);
	got.message = (struct span){ buf_text(scratch).p, message };
	if (scratch->n > message)
		got.metadata = (struct span){ scratch->p + message,
		    scratch->n - message };
	*s = got;
	return (true);
}

void
structured_parse(struct structured *s, struct span line, enum level fallback,
    struct buf *scratch)
{
	struct json_t *doc;

	*s = (struct structured){ .level = fallback, .metadata = SPAN_NONE };
	(void)structured_prefix(&line, &s->level);
	s->message = line;
	if (!may_be_record(line) || (doc = jdoc_parse(line)) == NULL)
		return;
	(void)from_object(s, line, doc, scratch);
	jdoc_free(doc);
}
