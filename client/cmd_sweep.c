/*
 * sweep: retention now.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/link.h"
#include "client/numbers.h"
#include "client/print.h"
#include "client/progress.h"
#include "client/times.h"
#include "proto/sweep.h"
#include "proto/version.h"

/* What would become of an execution: rows that go, rows that stay. */
struct share {
	char		*execution;
	bool		 kept;
	char		 why[16];
	int64_t		 rows;
};

struct sweeping {
	const struct options	*options;
	struct link		 link;
	struct progress		 progress;
	void			*shares;	/* a tree of them */
	int64_t			 executions[2];	/* that go, that stay */
	int64_t			 rows[2];
};

static int
compare(const void *a, const void *b)
{
	const struct share *x = a, *y = b;
	int order = (int)x->kept - (int)y->kept;

	return (order != 0 ? order : strcmp(x->execution, y->execution));
}

/* An execution comes again where its rows are far apart. */
static void
count(struct sweeping *s, const struct sweep_news *n)
{
	struct share *share = calloc(1, sizeof *share), **found;

	if (share == NULL ||
	    (share->execution = strndup(n->execution.p, n->execution.n)) ==
	    NULL)
		abort();
	share->kept = n->kept.p != NULL;
	(void)snprintf(share->why, sizeof share->why, "%.*s", (int)n->kept.n,
	    n->kept.p != NULL ? n->kept.p : "");
	if ((found = tsearch(share, &s->shares, compare)) == NULL)
		abort();
	(*found)->rows += n->rows;
	s->rows[share->kept] += n->rows;
	s->executions[share->kept] += *found == share;
	if (*found != share) {
		free(share->execution);
		free(share);
	}
}

static void
print_share(const void *node, VISIT which, void *arg)
{
	const struct share *share = *(struct share *const *)node;
	const struct options *o = arg;
	char rows[NUMBERS_TEXT];
	struct buf b = { 0 };

	if (which != postorder && which != leaf)
		return;
	numbers_group((uint64_t)share->rows, rows);
	escape_put(&b, span_of(share->execution), !o->raw, false);
	buf_char(&b, '\0');
	(void)printf("%12s  %s", rows, b.failed ? "" : b.p);
	if (share->kept)
		(void)printf("  stay: %s", share->why);
	(void)putchar('\n');
	buf_free(&b);
}

static void
free_share(void *v)
{
	struct share *share = v;

	free(share->execution);
	free(share);
}

static void
print_counted(struct sweeping *s, int64_t events)
{
	char rows[2][NUMBERS_TEXT], executions[2][NUMBERS_TEXT];
	int i;

	for (i = 0; i < 2; i++) {
		numbers_group((uint64_t)s->rows[i], rows[i]);
		numbers_group((uint64_t)s->executions[i], executions[i]);
	}
	twalk_r(s->shares, print_share, (void *)(uintptr_t)s->options);
	(void)printf("%12s  in all, of %s executions", rows[0],
	    executions[0]);
	if (s->rows[1] > 0)
		(void)printf("; %s old rows of %s executions stay", rows[1],
		    executions[1]);
	if (events > 0) {
		numbers_group((uint64_t)events, rows[0]);
		(void)printf("; %s events", rows[0]);
	}
	(void)putchar('\n');
}

static void
print_swept(const struct sweep_news *n)
{
	char rows[NUMBERS_TEXT], spared[NUMBERS_TEXT];

	numbers_group((uint64_t)n->rows, rows);
	numbers_group((uint64_t)n->spared, spared);
	(void)printf("%s rows removed", rows);
	if (n->events > 0) {
		numbers_group((uint64_t)n->events, rows);
		(void)printf(", %s events", rows);
	}
	if (n->spared > 0)
		(void)printf("; old rows of %s executions stay (running, or "
		    "failed: execlog_spared)", spared);
	(void)putchar('\n');
}

/* One frame: -1, or the exit code at the end. */
static int
on_news(struct sweeping *s, const struct sweep_news *n)
{
	struct buf b = { 0 };

	if (n->execution.p != NULL) {
		count(s, n);
		return (-1);
	}
	progress_draw(&s->progress, "rows", n->rows, n->expected,
	    times_monotonic_ms());
	if (n->state == SWEEP_STATE_RUNNING)
		return (-1);
	progress_end(&s->progress);
	if (n->reason.p != NULL) {
		escape_put(&b, n->reason, true, false);
		complain("%.*s", (int)b.n, b.failed ? "" : b.p);
		buf_free(&b);
	}
	if (n->state == SWEEP_STATE_OFF)
		say("-- everything is kept: --retention-days is 0 --");
	if (n->state == SWEEP_STATE_WAITING || n->state == SWEEP_STATE_FAILED)
		return (EXIT_FAILURE_OTHER);
	if (s->options->dry_run)
		print_counted(s, n->events);
	else if (n->state == SWEEP_STATE_DONE)
		print_swept(n);
	return (EXIT_OK);
}

static int
read_all(struct sweeping *s)
{
	enum link_result result;
	struct sweep_news n;
	struct frame f;
	int code = -1;

	while (code == -1 &&
	    (result = link_next(&s->link, &f, -1)) == LINK_OK) {
		if (f.type != FRAME_SWEEP || !sweep_news_decode(f.body, &n))
			continue;	/* a newer daemon may say more */
		code = on_news(s, &n);
		sweep_news_free(&n);
	}
	progress_end(&s->progress);
	if (code != -1) {
		(void)print_flush(&code);
		return (code);
	}
	if (result == LINK_WOKEN) {
		if (!s->options->dry_run)
			say("-- the daemon goes on with it --");
		return (EXIT_SIGNAL + interrupt_signal());
	}
	complain("%s", s->link.reason);
	return (EXIT_UNREACHABLE);
}

static int
run_sweep(const struct options *o)
{
	struct sweeping s = { .options = o };
	struct welcome welcome;
	int code;

	if (o->dry_run && o->yes) {
		complain("--dry-run removes nothing: it goes without --yes");
		return (EXIT_USAGE);
	}
	if (!link_open(&s.link, o->socket, interrupt_fd(), 0,
	    &(struct hello){ .role = ROLE_ADMIN }, "execlog " EXECLOG_VERSION,
	    &welcome)) {
		if (s.link.fault != FAULT_NOT_YOURS)
			return (options_unreachable(o, s.link.reason));
		complain("%s", s.link.reason);
		return (EXIT_FAILURE_OTHER);
	}
	sweep_request_put(&s.link.out, &(struct sweep_request){
		.dry_run = o->dry_run,
		.yes = o->yes,
	});
	(void)link_push(&s.link);
	progress_begin(&s.progress, times_monotonic_ms());
	code = read_all(&s);
	link_close(&s.link);
	tdestroy(s.shares, free_share);
	return (code);
}

const struct command command_sweep = {
	.name = "sweep",
	.takes = "uqR",
	.run = run_sweep,
	.help =
    "Examples:\n"
    "  execlog sweep                 remove now what is old enough\n"
    "  execlog sweep --dry-run       what that would be\n"
    "  execlog sweep --yes           the clock has moved, and is right\n"
    "\n"
    "Usage: execlog sweep [OPTION]...\n"
    "\n"
    "Rows older than --retention-days of the daemon go, those of executions\n"
    "that are running stay.  The daemon does the same by itself at start and\n"
    "once a day.  For root and the daemon's own user.\n"
    "\n"
    "      --dry-run         only count: per execution, and in all\n"
    "      --yes             go on although the clock has moved by days\n"
    "      --raw             ids as they are stored, also on a terminal\n"
    "      --socket PATH     the daemon's socket\n"
    "\n"
    "Exit: 0 done, 1 the clock is in doubt or it failed, 5 no daemon.\n",
};
