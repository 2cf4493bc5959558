/*
 * compact: give the free pages of a file back.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/print.h"
#include "client/times.h"
#include "proto/size.h"
#include "sql/compact.h"

#define SHOW_MS	200	/* between two lines of progress */

struct progress {
	bool	on_terminal;
	int64_t	shown;		/* monotonic ms; 0: never */
};

static bool
on_progress(int percent, void *v)
{
	struct progress *p = v;
	int64_t now = times_monotonic_ms();

	if (p->on_terminal && now - p->shown >= SHOW_MS) {
		p->shown = now;
		(void)fprintf(stderr, "\r-- copying, %d %%; then it is "
		    "written back --\033[K", percent);
	}
	return (interrupt_signal() == 0);
}

static int
code_of(enum sql_result result)
{
	switch (result) {
	case SQL_BUSY:
	case SQL_FAILED:
	case SQL_CORRUPT:
		return (EXIT_UNREACHABLE);
	default:
		return (EXIT_FAILURE_OTHER);
	}
}

static int
run_compact(const struct options *o)
{
	struct progress p = { .on_terminal = isatty(STDERR_FILENO) };
	struct compact_figures figures = { 0 };
	struct sql_error error;
	enum sql_result result;
	char note[64], before[SIZE_TEXT], after[SIZE_TEXT];
	int code = EXIT_OK;

	if (o->db == NULL) {
		complain("compact wants --db PATH");
		return (EXIT_USAGE);
	}
	(void)umask(0007);
	(void)snprintf(note, sizeof note, "execlog compact, pid %ld\n",
	    (long)getpid());
	result = compact_run(o->db, note, o->yes, on_progress, &p, &figures,
	    &error);
	if (p.shown != 0)
		(void)fputs("\r\033[K", stderr);
	if (interrupt_signal() != 0 && result != SQL_DONE)
		return (EXIT_SIGNAL + interrupt_signal());
	if (result != SQL_DONE) {
		complain("%s: %s%s", o->db, error.text,
		    result == SQL_FULL ? SQL_MAKE_ROOM : "");
		return (code_of(result));
	}
	(void)printf("%s before, %s after\n",
	    size_format(figures.before, before),
	    size_format(figures.after, after));
	(void)print_flush(&code);
	return (code);
}

const struct command command_compact = {
	.name = "compact",
	.takes = "Bq",
	.offline = true,
	.run = run_compact,
	.help =
    "Examples:\n"
    "  execlog compact --db execlog.db\n"
    "  execlog compact --db engine.db --yes\n"
    "\n"
    "Usage: execlog compact --db PATH\n"
    "\n"
    "Writes the file anew, without its free pages (status shows them as\n"
    "reclaimable).  New rows use free pages again, so this is only worth it\n"
    "when much was deleted for good.\n"
    "\n"
    "Stop execlogd first, and whoever else has the file open.  It needs free\n"
    "disk beside the file: twice what is in use of it.  Ctrl-C, while it copies,\n"
    "and whatever else cuts it short, leaves all as it was.\n"
    "\n"
    "A file with tables of others is refused without --yes: their rows stay the\n"
    "same, but the hidden rowid of a table without an INTEGER PRIMARY KEY may\n"
    "become another.\n"
    "\n"
    "      --db PATH         the SQLite file\n"
    "      --yes             also where it has tables of others\n"
    "\n"
    "Exit: 0 done; 1 refused, or it failed; 5 a daemon or somebody else has it.\n",
};
