/*
 * sweep: retention now.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/link.h"
#include "client/print.h"
#include "client/progress.h"
#include "client/sweep_show.h"
#include "client/times.h"
#include "proto/sweep.h"
#include "proto/version.h"

struct sweeping {
	const struct options	*options;
	struct link		 link;
	struct progress		 progress;
	struct sweep_shares	 shares;
};

/* What has come of it, in the format that was asked for. */
static void
print_outcome(const struct sweeping *s, const struct sweep_news *n)
{
	const struct options *o = s->options;
	bool dry = o->dry_run;
	struct buf b = { 0 };

	if (o->json)
		sweep_show_json(&b, n, dry ? &s->shares : NULL, o->safe);
	else if (n->state == SWEEP_STATE_DONE && dry)
		sweep_show_counted(&b, n, &s->shares, !o->raw);
	else if (n->state == SWEEP_STATE_DONE)
		sweep_show_swept(&b, n);
	if (b.n > 0 && !b.failed)
		(void)fwrite(b.p, 1, b.n, stdout);
	buf_free(&b);
}

/* One frame: -1, or the exit code at the end. */
static int
on_news(struct sweeping *s, const struct sweep_news *n)
{
	struct buf b = { 0 };

	if (n->execution.p != NULL) {
		if (!sweep_shares_add(&s->shares, n))
			abort();
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
	print_outcome(s, n);
	return (n->state == SWEEP_STATE_WAITING ||
	    n->state == SWEEP_STATE_FAILED ? EXIT_FAILURE_OTHER : EXIT_OK);
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
	return (options_unreachable(s->options, s->link.reason));
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
	sweep_shares_free(&s.shares);
	return (code);
}

const struct command command_sweep = {
	.name = "sweep",
	.takes = "uqRJ",
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
    "      --dry-run         only count: per execution, and in all; also old rows\n"
    "                        that stay, and why\n"
    "      --json            one object (docs/status.md)\n"
    "      --yes             go on although the clock has moved by days\n"
    "      --raw             ids as they are stored, also on a terminal\n"
    "      --socket PATH     the daemon's socket\n"
    "\n"
    "Exit: 0 done, 1 the clock is in doubt or it failed, 5 no daemon.\n",
};
