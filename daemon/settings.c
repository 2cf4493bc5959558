#include "daemon/settings.h"

#include <sys/types.h>

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/limits.h"
#include "proto/version.h"

#define DAYS_MAX	36500
#define TIB		((int64_t)1 << 40)

enum kind {
	KIND_PATH,
	KIND_NUMBER,
	KIND_SIZE,	/* bytes, with K, M or G */
	KIND_MODE,	/* octal */
	KIND_GROUP,	/* a name, or nothing */
	KIND_SYNC,
	KIND_YES,	/* yes or no; as a flag it has no value */
	KIND_CLOCK,	/* HH:MM */
};

static const struct spec {
	const char	*flag;		/* without the dashes */
	const char	*env;		/* NULL: by flag only */
	const char	*fallback;	/* NULL: worked out */
	enum kind	 kind;
	int64_t		 min;
	int64_t		 max;
	const char	*help;
} specs[SETTING_COUNT] = {
	[SETTING_DB] = { "db", "EXECLOG_DB", NULL, KIND_PATH, 0, 0,
	    "PATH     the SQLite file" },
	[SETTING_SOCKET] = { "socket", "EXECLOG_SOCKET", NULL, KIND_PATH,
	    0, 0, "PATH     the Unix socket" },
	[SETTING_SOCKET_MODE] = { "socket-mode", NULL, "0660", KIND_MODE,
	    0, 0777, "MODE     its mode, octal" },
	[SETTING_SOCKET_GROUP] = { "socket-group", NULL, "", KIND_GROUP,
	    0, 0, "NAME     its group" },
	[SETTING_RETENTION_DAYS] = { "retention-days",
	    "AUTOKESTRA_LOG_RETENTION_DAYS", "30", KIND_NUMBER, 0, DAYS_MAX,
	    "N        keep log rows so long; 0: for ever" },
	[SETTING_AUDIT_RETENTION_DAYS] = { "audit-retention-days",
	    "EXECLOG_AUDIT_RETENTION_DAYS", "0", KIND_NUMBER, 0, DAYS_MAX,
	    "N        the same for audit events" },
	[SETTING_KEEP_FAILED_DAYS] = { "keep-failed-days",
	    "EXECLOG_KEEP_FAILED_DAYS", "0", KIND_NUMBER, 0, DAYS_MAX,
	    "N        of failed executions so long; 0: as others" },
	[SETTING_SWEEP_AT] = { "sweep-at", "EXECLOG_SWEEP_AT", "03:30",
	    KIND_CLOCK, 0, 0,
	    "HH:MM    when old rows go, local time" },
	[SETTING_MAX_LOG_BYTES] = { "max-log-bytes", "EXECLOG_MAX_LOG_BYTES",
	    "0", KIND_SIZE, 0, 1024 * TIB,
	    "BYTES    above that the oldest rows go, whatever their age;\n"
	    "                                   0: no limit" },
	[SETTING_FLUSH_ROWS] = { "flush-rows", "EXECLOG_FLUSH_ROWS", "100",
	    KIND_NUMBER, 1, LIMIT_BATCH_ROWS,
	    "N        commit when so many rows wait" },
	[SETTING_FLUSH_MS] = { "flush-ms", "EXECLOG_FLUSH_MS", "1000",
	    KIND_NUMBER, 1, 60000,
	    "N        commit when one has waited so long, ms" },
	[SETTING_SYNC] = { "sync", "EXECLOG_SYNC", "full", KIND_SYNC, 0, 0,
	    "WORD     full: acknowledged is on disk; or normal" },
	[SETTING_LOCK_MS] = { "lock-ms", "EXECLOG_LOCK_MS", "10",
	    KIND_NUMBER, 1, 1000,
	    "N        longest hold of the lock in a shared file, ms" },
	[SETTING_MAX_PENDING] = { "max-pending", "EXECLOG_MAX_PENDING",
	    "32M", KIND_SIZE, 1 << 20, TIB,
	    "BYTES    memory for records not yet committed" },
	[SETTING_STREAM_MAX] = { "stream-max", "EXECLOG_STREAM_MAX", "10M",
	    KIND_SIZE, 1 << 16, TIB,
	    "BYTES    output kept per task attempt" },
	[SETTING_MAX_STREAMS] = { "max-streams", "EXECLOG_MAX_STREAMS", "512",
	    KIND_NUMBER, 0, LIMIT_CONNECTIONS,
	    "N        raw streams open at once" },
	[SETTING_NO_MIGRATE] = { "no-migrate", "EXECLOG_NO_MIGRATE", "no",
	    KIND_YES, 0, 0,
	    "         refuse a file whose schema is not up to date" },
	[SETTING_WARN_LOG_BYTES] = { "warn-log-bytes",
	    "EXECLOG_WARN_LOG_BYTES", "1G", KIND_SIZE, 0, 1024 * TIB,
	    "BYTES    warn when the log table is larger; 0: never" },
};

static const char examples[] =
    "Examples:\n"
    "  execlogd                                  the default paths\n"
    "  execlogd --db ./run.db --socket ./sock    a throw-away daemon\n"
    "  execlogd --check-config                   what is set, and where\n"
    "\n"
    "Usage: execlogd [--SETTING VALUE]...\n"
    "\n"
    "Collects log lines and audit events over a Unix socket and commits them\n"
    "to a SQLite file.  Runs in the foreground; SIGTERM stops it cleanly.\n"
    "\n";

static void
print_help(void)
{
	const struct spec *s;
	int i;

	(void)fputs(examples, stdout);
	for (i = 0; i < SETTING_COUNT; i++) {
		s = &specs[i];
		(void)printf("  --%-21s %s\n", s->flag, s->help);
		if (s->env != NULL)
			(void)printf("    %-21s %s\n", "", s->env);
	}
	(void)fputs(
	    "  --check-config          print every setting and exit\n"
	    "  -h, --help              this text\n"
	    "  -V, --version           the version\n"
	    "\n"
	    "Exit: 0 stopped cleanly, 1 stopped with records that were neither\n"
	    "committed nor acknowledged, or out of memory, 2 bad setting,\n"
	    "5 socket or database unusable or already served, 74 I/O error\n"
	    "at commit, 75 the database was moved away.\n", stdout);
}

/* A whole decimal number with nothing around it. */
static bool
number(const char *text, char **end, int64_t *value)
{
	long long n;

	if (*text < '0' || *text > '9')
		return (false);
	errno = 0;
	n = strtoll(text, end, 10);
	*value = n;
	return (errno == 0);
}

static bool
parse_number(const char *text, bool size, int64_t *value)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	int shift;

	if (!number(text, &end, value))
		return (false);
	if (!size || *end == '\0')
		return (*end == '\0');
	unit = strchr(units, toupper((unsigned char)*end));
	if (unit == NULL || end[1] != '\0')
		return (false);
	shift = 10 * (int)(unit - units + 1);
	if (*value > INT64_MAX >> shift)
		return (false);
	*value <<= shift;
	return (true);
}

static bool
parse_mode(const char *text, int64_t *value)
{
	char *end;

	if (*text < '0' || *text > '7' || strlen(text) > 4)
		return (false);
	*value = strtol(text, &end, 8);
	return (*end == '\0');
}

static bool
parse_group(const char *text, int64_t *value)
{
	struct group *group;

	*value = -1;
	if (*text == '\0')
		return (true);
	if ((group = getgrnam(text)) == NULL)
		return (false);
	*value = group->gr_gid;
	return (true);
}

static bool
parse_sync(const char *text, int64_t *value)
{
	*value = strcmp(text, "full") == 0;
	return (*value == 1 || strcmp(text, "normal") == 0);
}

static bool
parse_yes(const char *text, int64_t *value)
{
	*value = strcmp(text, "yes") == 0;
	return (*value == 1 || strcmp(text, "no") == 0);
}

static bool
parse_clock(const char *text, int64_t *value)
{
	int i;

	for (i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
			return (false);
	*value = ((text[0] - '0') * 10 + text[1] - '0') * 60 +
	    (text[3] - '0') * 10 + text[4] - '0';
	return (text[5] == '\0' && *value < 24 * 60 && text[3] < '6');
}

static bool
parse(const struct spec *s, struct setting_value *v)
{
	switch (s->kind) {
	case KIND_PATH:
		return (*v->text != '\0' && strlen(v->text) < PATHS_MAX);
	case KIND_NUMBER:
	case KIND_SIZE:
		return (parse_number(v->text, s->kind == KIND_SIZE,
		    &v->number) && v->number >= s->min && v->number <= s->max);
	case KIND_MODE:
		return (parse_mode(v->text, &v->number) &&
		    v->number <= s->max);
	case KIND_GROUP:
		return (parse_group(v->text, &v->number));
	case KIND_SYNC:
		return (parse_sync(v->text, &v->number));
	case KIND_YES:
		return (parse_yes(v->text, &v->number));
	case KIND_CLOCK:
		return (parse_clock(v->text, &v->number));
	}
	return (false);
}

static void
print_wanted(const struct spec *s)
{
	switch (s->kind) {
	case KIND_PATH:
		(void)fprintf(stderr, "a path of at most %d bytes",
		    PATHS_MAX - 1);
		break;
	case KIND_NUMBER:
		(void)fprintf(stderr, "a whole number from %" PRId64 " to %"
		    PRId64, s->min, s->max);
		break;
	case KIND_SIZE:
		(void)fprintf(stderr, "a size in bytes (or with K, M, G) "
		    "from %" PRId64 " to %" PRId64, s->min, s->max);
		break;
	case KIND_MODE:
		(void)fputs("an octal mode such as 0660", stderr);
		break;
	case KIND_GROUP:
		(void)fputs("a group of this system", stderr);
		break;
	case KIND_SYNC:
		(void)fputs("full or normal", stderr);
		break;
	case KIND_YES:
		(void)fputs("yes or no", stderr);
		break;
	case KIND_CLOCK:
		(void)fputs("a time of day such as 03:30", stderr);
		break;
	}
}

/* On one line, whatever was typed. */
static void
print_safely(const char *p)
{
	for (; *p != '\0'; p++)
		(void)fputc((unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p,
		    stderr);
}

static void
complain(const struct spec *s, const struct setting_value *v)
{
	if (v->origin == ORIGIN_ENVIRONMENT)
		(void)fprintf(stderr, "execlogd: %s (--%s): \"", s->env,
		    s->flag);
	else
		(void)fprintf(stderr, "execlogd: --%s: \"", s->flag);
	print_safely(v->text);
	(void)fputs("\" is not ", stderr);
	print_wanted(s);
	(void)fputc('\n', stderr);
}

/* The environment, else the default; false if there is no default. */
static bool
fill(struct settings *s, int i)
{
	struct setting_value *v = &s->value[i];
	const char *env = NULL;
	bool known = true;

	if (v->origin == ORIGIN_FLAG)
		return (true);
	if (specs[i].env != NULL)
		env = getenv(specs[i].env);
	if (env != NULL && *env != '\0') {
		v->text = env;
		v->origin = ORIGIN_ENVIRONMENT;
		return (true);
	}
	v->text = specs[i].fallback;
	if (i == SETTING_DB) {
		known = paths_database(s->db, sizeof s->db);
		v->text = s->db;
	} else if (i == SETTING_SOCKET) {
		known = paths_socket(s->socket, sizeof s->socket);
		v->text = s->socket;
	}
	if (!known)
		(void)fprintf(stderr, "execlogd: --%s: there is no default "
		    "without a home directory; set it\n", specs[i].flag);
	return (known);
}

static enum settings_result
bad_word(const char *what, const char *word)
{
	(void)fprintf(stderr, "execlogd: %s ", what);
	print_safely(word);
	(void)fputs("; see execlogd -h\n", stderr);
	return (SETTINGS_BAD);
}

/* The flags into the values; everything but settings ends the program. */
static enum settings_result
read_flags(struct settings *s, int argc, char **argv)
{
	struct option options[SETTING_COUNT + 4] = { 0 };
	enum { CHECK = 256, SETTING };
	int c, i, index;

	for (i = 0; i < SETTING_COUNT; i++)
		options[i] = (struct option){ specs[i].flag,
		    specs[i].kind == KIND_YES ? no_argument :
		    required_argument, NULL, SETTING };
	options[i++] = (struct option){ "check-config", no_argument, NULL,
	    CHECK };
	options[i++] = (struct option){ "help", no_argument, NULL, 'h' };
	options[i] = (struct option){ "version", no_argument, NULL, 'V' };

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hV", options, &index)) != -1)
		switch (c) {
		case SETTING:
			s->value[index].text = specs[index].kind ==
			    KIND_YES ? "yes" : optarg;
			s->value[index].origin = ORIGIN_FLAG;
			break;
		case CHECK:
			s->check = true;
			break;
		case 'h':
			print_help();
			return (SETTINGS_HELPED);
		case 'V':
			(void)puts("execlogd " EXECLOG_VERSION);
			return (SETTINGS_HELPED);
		default:
			return (bad_word(c == ':' ? "a value is missing after" :
			    "there is no option", argv[optind - 1]));
		}
	if (optind == argc)
		return (SETTINGS_OK);
	return (bad_word("unexpected argument", argv[optind]));
}

enum settings_result
settings_read(struct settings *s, int argc, char **argv)
{
	enum settings_result result;
	int i;

	*s = (struct settings){ 0 };
	if ((result = read_flags(s, argc, argv)) != SETTINGS_OK)
		return (result);
	for (i = 0; i < SETTING_COUNT; i++) {
		if (!fill(s, i))
			return (SETTINGS_BAD);
		if (!parse(&specs[i], &s->value[i])) {
			complain(&specs[i], &s->value[i]);
			return (SETTINGS_BAD);
		}
	}
	return (SETTINGS_OK);
}

void
settings_print(const struct settings *s, FILE *out)
{
	static const char *const origin[] = { "default", "environment",
	    "flag" };
	const struct setting_value *v;
	int i;

	for (i = 0; i < SETTING_COUNT; i++) {
		v = &s->value[i];
		(void)fprintf(out, "%-21s %-32s  %s%s%s\n", specs[i].flag,
		    *v->text != '\0' ? v->text : "(none)", origin[v->origin],
		    v->origin == ORIGIN_ENVIRONMENT ? " " : "",
		    v->origin == ORIGIN_ENVIRONMENT ? specs[i].env : "");
	}
}
