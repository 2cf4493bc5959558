#include "client/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/escape.h"
#include "client/interrupt.h"
#include "client/unreachable.h"
#include "client/values.h"
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
	{ "yes", no_argument, NULL, 'q' },
	{ "watch", no_argument, NULL, 'w' },
	{ "prometheus", no_argument, NULL, 'm' },
	{ "dry-run", no_argument, NULL, 'u' },
	{ "timeout", required_argument, NULL, 'D' },
	{ "producer", required_argument, NULL, 'P' },
	{ "min-level", required_argument, NULL, 'p' },
	{ "grep", required_argument, NULL, 'g' },
	{ "until", required_argument, NULL, 'U' },
	{ "reverse", no_argument, NULL, 'r' },
	{ "head", required_argument, NULL, 'H' },
	{ "after-cursor", required_argument, NULL, 'a' },
	{ "cursor-file", required_argument, NULL, 'c' },
	{ "show-cursor", no_argument, NULL, 's' },
	{ "drain", required_argument, NULL, 'd' },
	{ "no-exit", no_argument, NULL, 'E' },
	{ "exit-status", no_argument, NULL, 'x' },
	{ "mask-env", required_argument, NULL, 'N' },
	{ "mask-file", required_argument, NULL, 'G' },
	{ "db", required_argument, NULL, 'B' },
	{ "type", required_argument, NULL, 'Z' },
	{ "only", required_argument, NULL, 'I' },
	{ "stderr-level", required_argument, NULL, 'V' },
	{ "tee", no_argument, NULL, 'e' },
	{ "lifecycle", no_argument, NULL, 'Y' },
	{ "pty", no_argument, NULL, 'y' },
	{ "state", required_argument, NULL, '8' },
	{ "timeline", no_argument, NULL, '1' },
	{ "inputs", no_argument, NULL, '2' },
	{ "outputs", no_argument, NULL, '3' },
	{ "errors", no_argument, NULL, '4' },
	{ "audit", no_argument, NULL, '5' },
	{ "no-truncate", no_argument, NULL, '6' },
	{ "socket", required_argument, NULL, 'X' },
	{ NULL, 0, NULL, 0 },
};

#define LEVELS	"DEBUG INFO WARN ERROR"
#define TIMES	"5m 1h 1d today yesterday"
#define STATES	"PENDING RUNNING WAITING SUCCESS FAILED CANCELLED"

#define PATH	"a path"
#define OPTION_TEXT	32	/* bytes that hold --name */
#define SHOWN_MAX	60	/* bytes of a value that is no good */

static const char letters[] = "+:t:l:p:g:S:U:n:rfo:h";

/* What values are, and words that can be told beforehand. */
static const struct {
	char		 letter;
	const char	*what;
	const char	*example;
	const char	*words;
} values[] = {
	{ 't', "a task id", "load", NULL },
	{ 'l', "a level", "WARN,ERROR", LEVELS },
	{ 'p', "a level", "WARN", LEVELS },
	{ 'V', "a level", "WARN", LEVELS },
	{ 'S', "a time", "1h", TIMES },
	{ 'U', "a time", "10m", TIMES },
	{ 'n', "a number", "20", NULL },
	{ 'H', "a number", "100", NULL },
	{ 'A', "a number", "2", NULL },
	{ 'o', "a format", "json", "short verbose cat json ndjson" },
	{ 'C', "auto, always or never", "never", "auto always never" },
	{ 'O', "a source", "worker", NULL },
	{ 'M', "a JSON object", "'{\"key\": 1}'", NULL },
	{ 'F', "a state", "PENDING", STATES },
	{ 'T', "a state", "RUNNING", STATES },
	{ '8', "a state", "FAILED,CANCELLED", STATES },
	{ 'Z', "an event type", "FAILED,CANCELLED", NULL },
	{ 'D', "a duration", "30s", NULL },
	{ 'd', "a duration", "10s", NULL },
	{ 'P', "a name", "importer", NULL },
	{ 'N', "the name of a variable", "API_TOKEN", NULL },
	{ 'g', "a regular expression", "'timed? ?out'", NULL },
	{ 'a', "a cursor, as --show-cursor prints it", NULL, NULL },
	{ 'I', "stdout or stderr", "stderr", "stdout stderr" },
	{ 'c', PATH, "seen", NULL },
	{ 'G', PATH, "token.txt", NULL },
	{ 'B', PATH, "copy.db", NULL },
	{ 'X', PATH, "/run/execlog/execlog.sock", NULL },
};

bool
options_takes(const struct command *c, int letter)
{
	return (letter == 'X' ||
	    letter == 'h' || strchr(c->takes, letter) != NULL);
}

bool
options_describe(size_t i, struct option_facts *facts)
{
	const struct option *o = &table[i];

	if (o->name == NULL)
		return (false);
	*facts = (struct option_facts){
		.name = o->name,
		.letter = (char)o->val,
		.is_short = strchr(letters + 2, o->val) != NULL,
		.has_value = o->has_arg == required_argument,
	};
	for (i = 0; i < sizeof values / sizeof values[0]; i++)
		if (values[i].letter == o->val) {
			facts->words = values[i].words;
			facts->is_path = strcmp(values[i].what, PATH) == 0;
			facts->what = values[i].what;
			facts->example = values[i].example;
		}
	return (true);
}

/* The option behind a letter; false: there is none. */
static bool
find(int letter, struct option_facts *f)
{
	size_t i;

	for (i = 0; options_describe(i, f); i++)
		if (f->letter == letter)
			return (true);
	return (false);
}

/* As it was written: -n or --lines. */
static void
spell(const struct option_facts *f, bool is_long, char out[OPTION_TEXT])
{
	if (is_long)
		(void)snprintf(out, OPTION_TEXT, "--%s", f->name);
	else
		(void)snprintf(out, OPTION_TEXT, "-%c", f->letter);
}

/* An option without its value. */
static int
missing(const struct command *c, int letter, bool is_long)
{
	struct option_facts f;
	char name[OPTION_TEXT];

	if (!find(letter, &f))
		return (EXIT_USAGE);
	spell(&f, is_long, name);
	if (f.example != NULL)
		complain("%s %s needs %s, for example %s %s", c->name, name,
		    f.what, name, f.example);
	else
		complain("%s %s needs %s", c->name, name, f.what);
	return (EXIT_USAGE);
}

/* One with a value that is no good, and why. */
static int
refuse(const struct command *c, int letter, bool is_long, const char *value,
    const char *why)
{
	struct span s = span_of(value != NULL ? value : "");
	struct option_facts f;
	char name[OPTION_TEXT];
	bool is_cut = s.n > SHOWN_MAX;

	if (s.n == 0 || !find(letter, &f))
		return (missing(c, letter, is_long));
	if (is_cut)
		s.n = text_cut(s, SHOWN_MAX);
	spell(&f, is_long, name);
	complain("%s %s %.*s%s: %s", c->name, name, (int)s.n, s.p, is_cut ?
	    "..." : "", why);
	return (EXIT_USAGE);
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
	int nwords = 0, letter, index;
	const char *why;

	opterr = 0;
	optind = 1;
	for (;;) {
		index = -1;
		letter = getopt_long(argc, argv, letters, table, &index);
		if (letter == 'h') {
			(void)fputs(c->help, stdout);
			return (EXIT_OK);
		}
		if (letter == ':' && options_takes(c, optopt))
			return (missing(c, optopt, strncmp(argv[optind - 1],
			    "--", 2) == 0));
		if (letter == ':')
			letter = optopt;
		if (letter == '?' || (letter != -1 && !options_takes(c, letter)))
			return (unknown(c, letter, argv[optind - 1]));
		if (letter != -1) {
			why = values_apply(o, letter, optarg);
			if (why != NULL)
				return (refuse(c, letter, index >= 0, optarg,
				    why));
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
		.timeout = -1,
		.drain = -1,
		.lines = -1,
		.safe = isatty(STDOUT_FILENO),
	};
	if (socket != NULL && *socket != '\0')
		o->socket = socket;
	(void)values_apply(o, 'C', "auto");
	if ((code = parse_options(o, argc, argv)) != -1 ||
	    (code = take_execution(o)) != -1)
		return (code);
	if (o->socket == NULL && paths_socket(o->path, sizeof o->path))
		o->socket = o->path;
	if ((o->socket != NULL && *o->socket != '\0') || o->db != NULL ||
	    c->offline)
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

bool
options_is_single(const struct options *o)
{
	if (span_is(o->filter.source, RECORD_SOURCE_OWN)) {
		complain("--source %s is the daemon's own", RECORD_SOURCE_OWN);
		return (false);
	}
	if (o->filter.ntasks > 1) {
		complain("-t can be given once");
		return (false);
	}
	if ((o->filter.levels & (o->filter.levels - 1)) != 0) {
		complain("a record has one level");
		return (false);
	}
	return (true);
}

int
options_unreachable(const struct options *o, const char *reason)
{
	char text[UNREACHABLE_TEXT];

	/* Who has given up knows. */
	if (interrupt_signal() != 0)
		return (EXIT_SIGNAL + interrupt_signal());
	unreachable_explain(o->socket, reason,
	    o->command->writes ? UNREACHABLE_WRITE :
	    strchr(o->command->takes, 'B') != NULL ? UNREACHABLE_READ :
	    UNREACHABLE_ASK, text);
	complain("%s", text);
	return (EXIT_UNREACHABLE);
}
