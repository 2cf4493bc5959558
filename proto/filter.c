#include "proto/filter.h"

#include <stdio.h>

#include "proto/audit.h"
#include "proto/json.h"
#include "proto/row.h"
#include "proto/text.h"

static bool
task_matches(const struct filter *f, struct span task)
{
	size_t i;

	for (i = 0; i < f->ntasks; i++)
		if (task.p != NULL && span_eq(f->task[i], task))
			return (true);
	return (f->ntasks == 0);
}

static bool
level_matches(const struct filter *f, struct span text)
{
	enum level level;

	if (f->levels == 0)
		return (true);
	return (level_parse(text, &level) && (f->levels & 1u << level) != 0);
}

static bool
attempt_matches(const struct filter *f, struct span metadata)
{
	struct span text;
	char number[24];

	if (!f->has_attempt)
		return (true);
	if (metadata.p == NULL)
		return (false);
	text = jtext_member(metadata, "attempt");
	(void)snprintf(number, sizeof number, "%lld", (long long)f->attempt);
	return (span_is(text, number));
}

static bool
stream_matches(const struct filter *f, struct span metadata)
{
	struct span text;

	if (f->stream == STREAM_NONE)
		return (true);
	if (metadata.p == NULL)
		return (false);
	text = jtext_member(metadata, "stream");
	return (text.n > 2 && span_is((struct span){ text.p + 1, text.n - 2 },
	    stream_name(f->stream)));
}

static bool
time_matches(const struct filter *f, int64_t timestamp)
{
	return ((!f->has_since || timestamp >= f->since) &&
	    (!f->has_until || timestamp <= f->until));
}

static bool
type_matches(const struct filter *f, struct span text)
{
	enum audit_type type;

	if (f->types == 0)
		return (true);
	return (audit_type_parse(text, &type) && (f->types & 1u << type) != 0);
}

bool
filter_match_event(const struct filter *f, const struct audit_row *r)
{
	return (time_matches(f, r->timestamp) && type_matches(f, r->type));
}

bool
filter_is_for_rows(const struct filter *f)
{
	return (f->ntasks > 0 || f->levels != 0 || f->source.p != NULL ||
	    f->has_attempt || f->stream != STREAM_NONE);
}

bool
filter_match(const struct filter *f, const struct log_row *r)
{
	return (time_matches(f, r->timestamp) &&
	    attempt_matches(f, r->metadata) &&
	    stream_matches(f, r->metadata) &&
	    level_matches(f, r->level) &&
	    task_matches(f, r->task) &&
	    (f->source.p == NULL || span_eq(f->source, r->source)));
}
