/*
 * migrate: the schema of a file, looked at and changed without a daemon.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/print.h"
#include "client/times.h"
#include "sql/schema.h"

#define HOLDER_BYTES	192

/* What is told while it is done. */
struct telling {
	const char	*verb;		/* NULL: nothing yet */
	int		 version;	/* the newest that is applied */
	int		 applied;
	int		 pending;
	bool		 newer;		/* one that we do not know is applied */
	bool		 damaged;	/* what is applied is not recorded */
	int64_t		 lost;		/* rows */
	struct buf	 tables;	/* that would lose them */
};

static const char *
advice(enum sql_result result)
{
	switch (result) {
	case SQL_FULL:
		return (SQL_MAKE_ROOM);
	case SQL_BUSY:
		return (": somebody writes it: end that first (fuser shows "
		    "who)");
	default:
		return ("");
	}
}

static int
fail(const struct options *o, const struct sql_error *error, int code)
{
	complain("%s: %s%s", o->db, error->text, advice(error->result));
	return (code);
}

/* ------------------------------------------------------------------- status */

static void
count_step(const struct schema_step *step, void *v)
{
	struct telling *t = v;

	if (step->applied_at == 0) {
		t->pending++;
		return;
	}
	t->applied++;
	t->version = step->version;
	t->newer = t->newer || !step->known;
}

static void
print_step(const struct schema_step *step, void *v)
{
	char when[TIMES_TEXT] = "pending";
	const struct options *o = v;
	struct buf b = { 0 };

	if (step->applied_at != 0)
		times_format(step->applied_at, o->local, when);
	escape_put(&b, span_of(step->name), !o->raw, false);
	(void)printf("%-24.*s %s%s\n", (int)b.n, b.n > 0 ? b.p : "", when,
	    step->known ? "" : "  (this program does not know it)");
	buf_free(&b);
}

/* The first line: how is it, and what is there to do? */
static void
print_summary(const struct options *o, const struct telling *t)
{
	(void)printf("version %d, this program knows up to %d", t->version,
	    schema_newest());
	if (t->newer)
		(void)fputs("; newer: use the program that made it", stdout);
	else if (t->damaged)
		(void)fputs("; its record, execlog_schema, is lost or damaged: "
		    "bring it back from a backup", stdout);
	else if (t->pending > 0)
		(void)printf("; %d pending, run: execlog migrate up --db %s",
		    t->pending, o->db);
	(void)putchar('\n');
}

static int
run_status(const struct options *o)
{
	char holder[HOLDER_BYTES];
	struct telling t = { 0 };
	struct sql_error error;
	struct schema *s;
	int code = EXIT_OK;

	if ((s = schema_visit(o->db, holder, sizeof holder, &error)) == NULL)
		return (fail(o, &error, EXIT_UNREACHABLE));
	if (schema_steps(s, count_step, &t, &error) == SQL_DONE &&
	    schema_is_damaged(s, &t.damaged, &error) == SQL_DONE) {
		print_summary(o, &t);
		if (*holder != '\0')
			say("-- held by %s --", holder);
		(void)schema_steps(s, print_step, (void *)(uintptr_t)o,
		    &error);
		(void)print_flush(&code);
	} else
		code = fail(o, &error, EXIT_UNREACHABLE);
	schema_close(s);
	return (code);
}

/* -------------------------------------------------------------------- change */

static void
tell_step(const struct schema_step *step, void *v)
{
	struct telling *t = v;

	(void)printf("%s %s\n", t->verb, step->name);
	(void)fflush(stdout);
	t->applied++;
}

static void
tell_kept(const char *name, void *v)
{
	(void)v;
	say("-- %s was here before execlog: it stays --", name);
}

static void
add_loss(const char *table, int64_t rows, void *v)
{
	struct telling *t = v;

	buf_printf(&t->tables, "%s%s %lld", t->lost > 0 ? ", " : "", table,
	    (long long)rows);
	t->lost += rows;
}

/* A failure on the way: what was done stays done. */
static int
outcome(const struct options *o, const struct telling *t,
    enum sql_result result, const struct sql_error *error)
{
	int code = EXIT_OK;

	if (result != SQL_DONE)
		return (fail(o, error, result == SQL_BUSY ||
		    result == SQL_FAILED ? EXIT_UNREACHABLE :
		    EXIT_FAILURE_OTHER));
	if (t->applied == 0)
		(void)puts("nothing to do");
	(void)print_flush(&code);
	return (code);
}

static struct schema *
claim(const struct options *o, bool create, struct sql_error *error)
{
	char note[64];

	(void)umask(0007);
	(void)snprintf(note, sizeof note, "execlog migrate, pid %ld\n",
	    (long)getpid());
	return (schema_claim(o->db, create, note, error));
}

static int
run_up(const struct options *o, int to)
{
	struct telling t = { .verb = "applied" };
	struct sql_error error;
	enum sql_result result;
	struct timespec now;
	struct schema *s;

	if ((s = claim(o, true, &error)) == NULL)
		return (fail(o, &error, EXIT_UNREACHABLE));
	(void)clock_gettime(CLOCK_REALTIME, &now);
	result = schema_up(s, to, now.tv_sec * INT64_C(1000), tell_step, &t,
	    &error);
	schema_close(s);
	return (outcome(o, &t, result, &error));
}

/* -1: nothing would be lost, or that was confirmed. */
static int
check_losses(const struct options *o, struct schema *s, int to)
{
	struct telling t = { 0 };
	struct sql_error error;
	int code = -1;

	if (schema_losses(s, to, add_loss, &t, &error) != SQL_DONE)
		code = fail(o, &error, EXIT_UNREACHABLE);
	else if (t.lost > 0 && !o->yes) {
		buf_char(&t.tables, '\0');
		complain("%s: %lld %s would be lost (%s): confirm with --yes",
		    o->db, (long long)t.lost, t.lost == 1 ? "row" : "rows",
		    t.tables.p);
		code = EXIT_FAILURE_OTHER;
	}
	buf_free(&t.tables);
	return (code);
}

static int
run_down(const struct options *o, int to)
{
	struct telling t = { .verb = "undone" };
	struct sql_error error;
	enum sql_result result;
	struct schema *s;
	int code;

	if ((s = claim(o, false, &error)) == NULL)
		return (fail(o, &error, EXIT_UNREACHABLE));
	if ((code = check_losses(o, s, to)) != -1) {
		schema_close(s);
		return (code);
	}
	result = schema_down(s, to, tell_step, tell_kept, &t, &error);
	schema_close(s);
	return (outcome(o, &t, result, &error));
}

/* The version behind up or down; absent: fallback. */
static bool
take_version(const struct options *o, int fallback, int *version)
{
	char *end;
	long n;

	*version = fallback;
	if (o->nrest < 2)
		return (true);
	n = strtol(o->rest[1], &end, 10);
	*version = (int)n;
	return (*o->rest[1] >= '0' && *o->rest[1] <= '9' && *end == '\0' &&
	    n <= 9999);
}

static int
run_migrate(const struct options *o)
{
	const char *what = o->nrest > 0 ? o->rest[0] : "";
	int version;

	if (strcmp(what, "up") != 0 && strcmp(what, "down") != 0 &&
	    (strcmp(what, "status") != 0 || o->nrest > 1)) {
		complain("migrate wants one of: up [N], down [N], status");
		return (EXIT_USAGE);
	}
	if (o->db == NULL) {
		complain("migrate wants --db PATH");
		return (EXIT_USAGE);
	}
	if (strcmp(what, "status") == 0)
		return (run_status(o));
	if (!take_version(o, *what == 'u' ? SCHEMA_NEWEST : 0, &version)) {
		complain("a version is a whole number; see execlog migrate "
		    "status");
		return (EXIT_USAGE);
	}
	if (version != SCHEMA_NEWEST && version > schema_newest()) {
		complain("this program knows versions up to %d",
		    schema_newest());
		return (EXIT_USAGE);
	}
	return (*what == 'u' ? run_up(o, version) : run_down(o, version));
}

const struct command command_migrate = {
	.name = "migrate",
	.takes = "BqLR",
	.max_rest = 2,
	.words = "up down status",
	.offline = true,
	.run = run_migrate,
	.help =
    "Examples:\n"
    "  execlog migrate status --db execlog.db     what is applied\n"
    "  execlog migrate up --db execlog.db         what is missing, or all\n"
    "  execlog migrate down --db engine.db --yes  remove all of execlog\n"
    "\n"
    "Usage: execlog migrate up|down [N] --db PATH\n"
    "       execlog migrate status --db PATH\n"
    "\n"
    "The schema of a file, up to or down to version N.  Without N, up makes\n"
    "the tables of this program, in a new file too, and down leaves nothing of\n"
    "execlog: its tables, indexes and triggers.  What was in the file before\n"
    "execlog stays, with all its rows.  Each version is one transaction.\n"
    "\n"
    "execlogd does \"up\" by itself when it starts (but see its --no-migrate).\n"
    "While one holds the file, only status works.  Make a copy before you go\n"
    "down; what was dropped can still be read in the file, until execlog\n"
    "compact.\n"
    "\n"
    "      --db PATH         the SQLite file\n"
    "      --yes             down: also where rows are lost\n"
    "      --local           status: local time\n"
    "      --raw             status: names as they are stored\n"
    "\n"
    "Exit: 0 done, or nothing to do; 1 rows would be lost, or it failed on the\n"
    "way; 5 the file cannot be used: held by a daemon, locked, newer.\n",
};
