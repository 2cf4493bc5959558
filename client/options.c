#include "client/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/escape.h"
#include "client/times.h"
#include "proto/json.h"
#include "proto/record.h"

/* Options without a short form have a capital letter of their own. */
static const struct option table[] = {
	{ "task", required_argument, NULL, 't' },
	{ "level", required_argument, NULL, 'l' },
	{ "since", required_argument, NULL, 'S' },
	{ "lines", required_argument, NULL, 'n' },
	{ "follow", no_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ "wait", no_argument, NULL, 'W' },
	{ "source", required_argument, NULL, 'O' },
	{ "json", no_argument, NULL, 'J' },
	{ "local", no_argument, NULL, 'L' },
	{ "color", required_argument, NULL, 'C' },
	{ "raw", no_argument, NULL, 'R' },
	{ "metadata", required_argument, NULL, 'M' },
	{ "attempt", required_argument, NULL, 'A' },
	{ "from", required_argument, NULL, 'F' },
	{ "to", required_argument, NULL, 'T' },
	{ "check", no_argument, NULL, 'K' },
	{ "timeout", required_argument, NULL, 'D' },
	{ "producer", required_argument, NULL, 'P' },
	{ "socket", required_argument, NULL, 'X' },
	{ NULL, 0, NULL, 0 },
};
#define TIMEOUT_MS	60000	/* default of --timeout */
static const char letters[] = "+:t:l:S:n:fo:h";

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

static bool
parse_since(struct options *o, const char *text)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	o->filter.has_since = true;
	return (times_parse(text, now.tv_sec * INT64_C(1000) +
	    now.tv_nsec / 1000000, &o->filter.since) || fail(TIMES_SENTENCE));
}

static bool
parse_format(struct options *o, const char *text)
{
	static const char *const names[FORMAT_COUNT] = { "short", "cat",
	    "json", "ndjson" };
	int i;

	for (i = 0; i < FORMAT_COUNT; i++)
		if (strcmp(text, names[i]) == 0) {
			o->format = (enum format)i;
			o->json = false;	/* the last one counts */
			return (true);
		}
	return (fail("-o wants one of: short, cat, json, ndjson"));
}

static bool
parse_color(struct options *o, const char *text)
{
	const char *no = getenv("NO_COLOR");

	if (strcmp(text, "always") == 0)
		o->color = true;
	else if (strcmp(text, "never") == 0)
		o->color = false;
	else if (strcmp(text, "auto") == 0)
		o->color = isatty(STDOUT_FILENO) &&
		    (no == NULL || *no == '\0');
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
	return (true);
}

static bool
parse_lines(struct options *o, const char *text)
{
	return ((parse_integer(text, INT64_MAX, &o->lines) && o->lines > 0) ||
	    fail("-n wants a number of lines, 1 or more"));
}

static bool
parse_source(struct options *o, const char *text)
{
	o->filter.source = span_of(text);
	return (text_is_id(o->filter.source) ||
	    fail("--source wants 1 to 255 bytes of UTF-8 without control "
	    "characters"));
}

/* One option; "arg" is NULL where it has none. */
static bool
apply(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 't':
		return (parse_task(o, arg));
	case 'l':
		return (parse_levels(o, arg));
	case 'S':
		return (parse_since(o, arg));
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
	case 'X':
		o->socket = arg;
		return (true);
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
		return (true);
	case 'K':
		return (o->check = true);
	default:
		return (false);
	}
}

static bool
takes(const struct command *c, int letter)
{
	return (letter == 'X' || strchr(c->takes, letter) != NULL);
}

/* An option that there is not, or not for this command. */
static int
unknown(const struct command *c, int letter, const char *word)
{
	char name[3] = "-?";
	size_t i;

	if (letter == '?' && optopt != 0) {
		name[1] = (char)optopt;
		word = name;
	}
	for (i = 0; table[i].name != NULL; i++)
		if (table[i].val == letter) {
			complain("%s: there is no option --%s; see execlog "
			    "%s -h", c->name, table[i].name, c->name);
			return (EXIT_USAGE);
		}
	complain("%s: there is no option %s; see execlog %s -h", c->name, word,
	    c->name);
	return (EXIT_USAGE);
}

/*
 * Options may stand before and behind the execution's id, up to "--" or, for
 * run, up to the command.  getopt's own way of moving arguments about would
 * take options out of that command.
 */
static int
parse_options(struct options *o, int argc, char **argv)
{
	const struct command *c = o->command;
	char **words = argv;	/* words move to the front as they are found */
	int nwords = 0, letter;

	opterr = 0;
	optind = 1;
	for (;;) {
		letter = getopt_long(argc, argv, letters, table, NULL);
		if (letter == 'h') {
			(void)fputs(c->help, stdout);
			return (EXIT_OK);
		}
		if (letter == ':') {
			complain("%s: %s wants a value", c->name,
			    argv[optind - 1]);
			return (EXIT_USAGE);
		}
		if (letter == '?' || (letter != -1 && !takes(c, letter)))
			return (unknown(c, letter, argv[optind - 1]));
		if (letter != -1) {
			if (!apply(o, letter, optarg))
				return (EXIT_USAGE);
			continue;
		}
		if (optind == argc)
			break;
		if (strcmp(argv[optind - 1], "--") == 0 ||
		    (c->runs && nwords > 0))
			break;
		words[nwords++] = argv[optind++];
	}
	while (optind < argc)
		words[nwords++] = argv[optind++];
	words[nwords] = NULL;	/* what is run is such a list */
	o->rest = words;
	o->nrest = nwords;
	return (-1);
}

/* The first word is the execution, if the command wants one. */
static int
take_execution(struct options *o)
{
	const struct command *c = o->command;

	if (c->wants_execution) {
		if (o->nrest == 0) {
			complain("%s wants an execution id; see execlog %s -h",
			    c->name, c->name);
			return (EXIT_USAGE);
		}
		o->execution = span_of(o->rest[0]);
		o->rest++;
		o->nrest--;
		if (!text_is_id(o->execution)) {
			complain("an execution id is 1 to 255 bytes of UTF-8 "
			    "without control characters");
			return (EXIT_USAGE);
		}
	}
	if (c->max_rest >= 0 && o->nrest > c->max_rest) {
		complain("%s: unexpected argument %s", c->name,
		    o->rest[c->max_rest]);
		return (EXIT_USAGE);
	}
	return (-1);
}

int
options_parse(struct options *o, const struct command *c, int argc,
    char **argv)
{
	const char *socket = getenv("EXECLOG_SOCKET");
	int code;

	*o = (struct options){
		.command = c,
		.level = LEVEL_INFO,
		.timeout = TIMEOUT_MS,
		.safe = isatty(STDOUT_FILENO),
	};
	if (socket != NULL && *socket != '\0')
		o->socket = socket;
	(void)parse_color(o, "auto");
	if ((code = parse_options(o, argc, argv)) != -1 ||
	    (code = take_execution(o)) != -1)
		return (code);
	if (o->socket == NULL && paths_socket(o->path, sizeof o->path))
		o->socket = o->path;
	if (o->socket != NULL && *o->socket != '\0')
		return (-1);
	complain("there is no default socket; give --socket PATH");
	return (EXIT_USAGE);
}

struct execlog_record
options_record(const struct options *o, const char *source)
{
	return ((struct execlog_record){
		.execution = o->execution.p,
		.task = o->filter.ntasks > 0 ? o->filter.task[0].p : NULL,
		.source = o->filter.source.p != NULL ? o->filter.source.p :
		    source,
		.level = (enum execlog_level)o->level,
		.has_attempt = o->has_attempt,
		.attempt = o->attempt,
		.metadata = o->metadata.p,
	});
}

int
options_unreachable(const struct options *o, const char *reason)
{
	complain("cannot reach execlogd at %s: %s; start it with: "
	    "execlogd --socket %s", o->socket, reason, o->socket);
	return (EXIT_UNREACHABLE);
}
