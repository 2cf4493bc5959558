#include "client/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/options.h"
#include "client/states.h"
#include "client/times.h"
#include "proto/audit.h"
#include "proto/json.h"
#include "proto/record.h"
#include "proto/state.h"

#define ID_WORDS	"1 to 255 bytes of UTF-8 without control characters"

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

static const char *
parse_levels(struct options *o, const char *text)
{
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (!level_parse((struct span){ text, n }, &o->level))
			return (LEVEL_SENTENCE);
		o->filter.levels |= 1u << o->level;
		if (text[n] == '\0')
			return (NULL);
	}
}

static const char *
parse_types(struct options *o, const char *text)
{
	enum audit_type type;
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (!audit_type_parse((struct span){ text, n }, &type))
			return (refusal_sentence(REFUSAL_EVENT_TYPE));
		o->filter.types |= 1u << type;
		if (text[n] == '\0')
			return (NULL);
	}
}

static const char *
parse_task(struct options *o, const char *text)
{
	if (!text_is_id(span_of(text)))
		return ("a task id is " ID_WORDS);
	if (o->filter.ntasks == FILTER_TASKS_MAX)
		return ("at most 64 tasks can be given");
	o->filter.task[o->filter.ntasks++] = span_of(text);
	return (NULL);
}

/* That level and those above. */
static const char *
parse_min_level(struct options *o, const char *text)
{
	enum level level;

	if (!level_parse(span_of(text), &level))
		return (LEVEL_SENTENCE);
	for (; level < LEVEL_COUNT; level++)
		o->filter.levels |= 1u << level;
	return (NULL);
}

static const char *
parse_time(const char *text, bool *has, int64_t *ms)
{
	*has = true;
	return (times_parse(text, times_wall_ms(), ms) ? NULL :
	    TIMES_SENTENCE);
}

static const char *
parse_duration(const char *text, int *ms)
{
	return (times_duration(text, ms) ? NULL :
	    "a duration is a number and its unit: 500ms, 10s, 5m, 2h, 1d");
}

/* Of those that the command has. */
static const char *
parse_format(struct options *o, const char *text)
{
	static const char *const names[FORMAT_COUNT] = { "short",
	    "verbose", "cat", "json", "ndjson" };
	unsigned formats = o->command->formats;
	const char *comma = "";
	size_t n;
	int i;

	n = (size_t)snprintf(o->sentence, sizeof o->sentence,
	    "must be one of: ");
	for (i = 0; i < FORMAT_COUNT; i++) {
		if (formats != 0 && (formats & 1u << i) == 0)
			continue;
		if (strcmp(text, names[i]) == 0) {
			o->format = (enum format)i;
			o->json = false;	/* the last one counts */
			return (NULL);
		}
		n += (size_t)snprintf(o->sentence + n, sizeof o->sentence - n,
		    "%s%s", comma, names[i]);
		comma = ", ";
	}
	return (o->sentence);
}

static const char *
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
		return ("must be one of: auto, always, never");
	return (NULL);
}

static const char *
parse_metadata(struct options *o, const char *text)
{
	o->metadata = span_of(text);
	if (o->metadata.n > RECORD_METADATA_MAX)
		return ("metadata is at most 64 KiB");
	return (jtext_is_object(o->metadata) ? NULL :
	    "metadata is a JSON object, such as '{\"key\": 1}': no key twice, "
	    "no number out of range");
}

static const char *
parse_attempt(struct options *o, const char *text)
{
	int64_t n;

	if (!parse_integer(text, UINT32_MAX, &n))
		return ("an attempt is a whole number");
	o->has_attempt = true;
	o->attempt = (uint32_t)n;
	o->filter.has_attempt = true;
	o->filter.attempt = n;
	return (NULL);
}

static const char *
parse_lines(const char *text, int64_t least, int64_t *n)
{
	if (parse_integer(text, INT64_MAX, n) && *n >= least)
		return (NULL);
	return (least > 0 ? "must be a number, 1 or more" :
	    "must be a number");
}

static const char *
parse_source(struct options *o, const char *text)
{
	o->filter.source = span_of(text);
	return (text_is_id(o->filter.source) ? NULL :
	    "a source is " ID_WORDS);
}

static const char *
parse_producer(struct options *o, const char *text)
{
	o->producer = text;
	return (text_is_id(span_of(text)) ? NULL : "a name is " ID_WORDS);
}

static const char *
parse_only(struct options *o, const char *text)
{
	enum stream stream;

	if (!stream_parse(span_of(text), &stream))
		return ("must be one of: stdout, stderr");
	o->only = (enum execlog_stream)stream;
	return (NULL);
}

static const char *
parse_stderr_level(struct options *o, const char *text)
{
	o->has_stderr_level = true;
	return (level_parse(span_of(text), &o->stderr_level) ? NULL :
	    LEVEL_SENTENCE);
}

static const char *
parse_mask(struct options *o, const char *name, bool is_file)
{
	if (*name == '\0')
		return ("must be a name");
	if (o->nmasks == OPTIONS_MASKS_MAX)
		return ("--mask-env and --mask-file can be given 64 times");
	o->mask[o->nmasks++] = (struct secret_place){ name, is_file };
	return (NULL);
}

static const char *
set_text(const char **text, const char *arg)
{
	*text = arg;
	return (NULL);
}

static const char *
set_span(struct span *s, const char *arg)
{
	*s = span_of(arg);
	return (NULL);
}

/* One without an argument. */
static const char *
set_flag(struct options *o, int letter)
{
	switch (letter) {
	case 'f':
		o->follow = true;
		break;
	case 'W':
		o->wait = true;
		break;
	case 'J':
		o->json = true;
		break;
	case 'L':
		o->local = true;
		break;
	case 'R':
		o->safe = false;
		o->raw = true;
		break;
	case 'K':
		o->check = true;
		break;
	case 'w':
		o->watch = true;
		break;
	case 'm':
		o->prometheus = true;
		break;
	case 'q':
		o->yes = true;
		break;
	case 'u':
		o->dry_run = true;
		break;
	case 'r':
		o->reverse = true;
		break;
	case 's':
		o->show_cursor = true;
		break;
	case 'E':
		o->no_exit = true;
		break;
	case 'x':
		o->exit_status = true;
		break;
	case 'e':
		o->tee = true;
		break;
	case 'Y':
		o->lifecycle = true;
		break;
	case 'y':
		o->pty = true;
		break;
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
		o->show |= 1u << (letter - '1');
		break;
	case '6':
		o->no_truncate = true;
		break;
	default:
		return ("is not known");
	}
	return (NULL);
}

const char *
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
		return (parse_lines(arg, 1, &o->head));
	case 'n':
		return (parse_lines(arg, 0, &o->lines));
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
		return (parse_duration(arg, &o->timeout));
	case 'd':
		return (parse_duration(arg, &o->drain));
	case 'P':
		return (parse_producer(o, arg));
	case 'F':
		return (set_span(&o->from, arg));
	case 'T':
		return (set_span(&o->to, arg));
	case 'N':
	case 'G':
		return (parse_mask(o, arg, letter == 'G'));
	case 'X':
		return (*arg != '\0' ? set_text(&o->socket, arg) :
		    "must be a path");
	case 'g':
		return (set_text(&o->grep, arg));
	case 'a':
		return (set_text(&o->after, arg));
	case 'c':
		return (set_text(&o->cursor_file, arg));
	case 'B':
		return (*arg != '\0' ? set_text(&o->db, arg) :
		    "must be a path");
	case 'I':
		return (parse_only(o, arg));
	case 'Z':
		return (parse_types(o, arg));
	case 'V':
		return (parse_stderr_level(o, arg));
	case '8':
		return (states_parse(arg, &o->states) ? NULL :
		    STATE_SENTENCE);
	default:
		return (set_flag(o, letter));
	}
}
