#include "client/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/escape.h"
#include "client/options.h"
#include "client/states.h"
#include "client/times.h"
#include "proto/audit.h"
#include "proto/json.h"
#include "proto/record.h"

static bool
fail(const char *sentence)
{
	complain("%s", sentence);
	return (false);
}

static bool
parse_integer(const char *text, int64_t max, int64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return (false);
	errno = 0;
	*value = strtoll(text, &end, 10);
	return (errno == 0 && *end == '\0' && *value <= max);
}

static bool
parse_levels(struct options *o, const char *text)
{
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (!level_parse((struct span){ text, n }, &o->level))
			return (fail(LEVEL_SENTENCE));
		o->filter.levels |= 1u << o->level;
		if (text[n] == '\0')
			return (true);
	}
}

static bool
parse_types(struct options *o, const char *text)
{
	enum audit_type type;
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (!audit_type_parse((struct span){ text, n }, &type))
			return (fail(refusal_sentence(REFUSAL_EVENT_TYPE)));
		o->filter.types |= 1u << type;
		if (text[n] == '\0')
			return (true);
	}
}

static bool
parse_task(struct options *o, const char *text)
{
	if (!text_is_id(span_of(text)))
		return (fail("-t wants a task id: 1 to 255 bytes of UTF-8 "
		    "without control characters"));
	if (o->filter.ntasks == FILTER_TASKS_MAX)
		return (fail("-t can be given 64 times"));
	o->filter.task[o->filter.ntasks++] = span_of(text);
	return (true);
}

/* That level and those above. */
static bool
parse_min_level(struct options *o, const char *text)
{
	enum level level;

	if (!level_parse(span_of(text), &level))
		return (fail(LEVEL_SENTENCE));
	for (; level < LEVEL_COUNT; level++)
		o->filter.levels |= 1u << level;
	return (true);
}

static bool
parse_time(const char *text, bool *has, int64_t *ms)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	*has = true;
	return (times_parse(text, now.tv_sec * INT64_C(1000) +
	    now.tv_nsec / 1000000, ms) || fail(TIMES_SENTENCE));
}

static bool
parse_format(struct options *o, const char *text)
{
	static const char *const names[FORMAT_COUNT] = { "short",
	    "verbose", "cat", "json", "ndjson" };
	int i;

	for (i = 0; i < FORMAT_COUNT; i++)
		if (strcmp(text, names[i]) == 0) {
			o->format = (enum format)i;
			o->json = false;	/* the last one counts */
			return (true);
		}
	return (fail("-o wants one of: short, verbose, cat, json, ndjson"));
}

static bool
parse_color(struct options *o, const char *text)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (strcmp(text, "always") == 0)
		o->color = true;
	else if (strcmp(text, "never") == 0)
		o->color = false;
	else if (strcmp(text, "auto") == 0)
		o->color = isatty(STDOUT_FILENO) &&
		    (no == NULL || *no == '\0') &&
		    (term == NULL || strcmp(term, "dumb") != 0);
	else
		return (fail("--color wants one of: auto, always, never"));
	return (true);
}

static bool
parse_metadata(struct options *o, const char *text)
{
	o->metadata = span_of(text);
	if (o->metadata.n > RECORD_METADATA_MAX)
		return (fail("--metadata is at most 64 KiB"));
	return (jtext_is_object(o->metadata) ||
	    fail("--metadata wants a JSON object, such as '{\"key\": 1}'"));
}

static bool
parse_attempt(struct options *o, const char *text)
{
	int64_t n;

	if (!parse_integer(text, UINT32_MAX, &n))
		return (fail("--attempt wants a whole number"));
	o->has_attempt = true;
	o->attempt = (uint32_t)n;
	o->filter.has_attempt = true;
	o->filter.attempt = n;
	return (true);
}

static bool
parse_lines(struct options *o, const char *text)
{
	return (parse_integer(text, INT64_MAX, &o->lines) ||
	    fail("-n wants a number of lines"));
}

static bool
parse_source(struct options *o, const char *text)
{
	o->filter.source = span_of(text);
	return (text_is_id(o->filter.source) ||
	    fail("--source wants 1 to 255 bytes of UTF-8 without control "
	    "characters"));
}

static bool
parse_only(struct options *o, const char *text)
{
	enum stream stream;

	if (!stream_parse(span_of(text), &stream))
		return (fail("--only wants one of: stdout, stderr"));
	o->only = (enum execlog_stream)stream;
	return (true);
}

static bool
parse_stderr_level(struct options *o, const char *text)
{
	o->has_stderr_level = true;
	return (level_parse(span_of(text), &o->stderr_level) ||
	    fail(LEVEL_SENTENCE));
}

static bool
parse_mask(struct options *o, const char *name, bool is_file)
{
	if (*name == '\0')
		return (fail("--mask-env and --mask-file want a name"));
	if (o->nmasks == OPTIONS_MASKS_MAX)
		return (fail("--mask-env and --mask-file can be given 64 "
		    "times"));
	o->mask[o->nmasks++] = (struct secret_place){ name, is_file };
	return (true);
}

/* One without an argument. */
static bool
set_flag(struct options *o, int letter)
{
	switch (letter) {
	case 'f':
		return (o->follow = true);
	case 'W':
		return (o->wait = true);
	case 'J':
		return (o->json = true);
	case 'L':
		return (o->local = true);
	case 'R':
		o->safe = false;
		o->raw = true;
		return (true);
	case 'K':
		return (o->check = true);
	case 'w':
		return (o->watch = true);
	case 'm':
		return (o->prometheus = true);
	case 'q':
		return (o->yes = true);
	case 'u':
		return (o->dry_run = true);
	case 'r':
		return (o->reverse = true);
	case 's':
		return (o->show_cursor = true);
	case 'E':
		return (o->no_exit = true);
	case 'x':
		return (o->exit_status = true);
	case 'e':
		return (o->tee = true);
	case 'Y':
		return (o->lifecycle = true);
	case 'y':
		return (o->pty = true);
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
		o->show |= 1u << (letter - '1');
		return (true);
	case '6':
		return (o->no_truncate = true);
	default:
		return (false);
	}
}

bool
values_apply(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 't':
		return (parse_task(o, arg));
	case 'l':
		return (parse_levels(o, arg));
	case 'p':
		return (parse_min_level(o, arg));
	case 'S':
		return (parse_time(arg, &o->filter.has_since,
		    &o->filter.since));
	case 'U':
		return (parse_time(arg, &o->filter.has_until,
		    &o->filter.until));
	case 'H':
		return ((parse_integer(arg, INT64_MAX, &o->head) &&
		    o->head > 0) ||
		    fail("--head wants a number of lines, 1 or more"));
	case 'n':
		return (parse_lines(o, arg));
	case 'o':
		return (parse_format(o, arg));
	case 'O':
		return (parse_source(o, arg));
	case 'C':
		return (parse_color(o, arg));
	case 'M':
		return (parse_metadata(o, arg));
	case 'A':
		return (parse_attempt(o, arg));
	case 'D':
		return (times_duration(arg, &o->timeout) || fail("--timeout "
		    "wants a duration: 500ms, 10s, 5m, 2h, 1d"));
	case 'd':
		return (times_duration(arg, &o->drain) || fail("--drain "
		    "wants a duration: 0, 500ms, 10s, 5m"));
	case 'P':
		o->producer = arg;
		return (text_is_id(span_of(arg)) || fail("--producer wants a "
		    "name: 1 to 255 bytes of UTF-8 without control "
		    "characters"));
	case 'F':
		o->from = span_of(arg);
		return (true);
	case 'T':
		o->to = span_of(arg);
		return (true);
	case 'N':
	case 'G':
		return (parse_mask(o, arg, letter == 'G'));
	case 'X':
		o->socket = arg;
		return (true);
	case 'g':
		o->grep = arg;
		return (true);
	case 'a':
		o->after = arg;
		return (true);
	case 'c':
		o->cursor_file = arg;
		return (true);
	case 'B':
		o->db = arg;
		return (*arg != '\0' || fail("--db wants a path"));
	case 'I':
		return (parse_only(o, arg));
	case 'Z':
		return (parse_types(o, arg));
	case 'V':
		return (parse_stderr_level(o, arg));
	case '8':
		return (states_parse(arg, &o->states));
	default:
		return (set_flag(o, letter));
	}
}
