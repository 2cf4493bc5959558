/*
 * status and ping: is the daemon well?
 */
#include <stdio.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/exposition.h"
#include "client/interrupt.h"
#include "client/link.h"
#include "client/print.h"
#include "client/redraw.h"
#include "client/screen.h"
#include "proto/buf.h"
#include "proto/json.h"
#include "proto/request.h"
#include "proto/version.h"

#define ANSWER_MS	10000	/* longest wait for STATUS */
#define WATCH_MS	1000	/* between two looks of --watch */

static int
unreachable(const struct options *o, const char *reason, bool quiet)
{
	return (quiet ? EXIT_UNREACHABLE : options_unreachable(o, reason));
}

/* Ask; the body is valid until the link is used again.  quiet: who is not there
   is no news. */
static int
ask(const struct options *o, struct link *l, struct span *body, bool quiet)
{
	const struct request request = { .kind = REQUEST_STATUS };
	struct welcome welcome;
	struct frame f;
	enum link_result result;

	if (!link_open(l, o->socket, interrupt_fd(), 0,
	    &(struct hello){ .role = ROLE_READ }, "execlog " EXECLOG_VERSION,
	    &welcome))
		return (unreachable(o, l->reason, quiet));
	(void)request_put(&l->out, &request);
	(void)link_push(l);
	while ((result = link_next(l, &f, ANSWER_MS)) == LINK_OK)
		if (f.type == FRAME_STATUS) {
			*body = f.body;
			if (jtext_is_object(f.body))
				return (EXIT_OK);
			complain("the daemon sent a status that is no object");
			return (EXIT_FAILURE_OTHER);
		}
	if (result == LINK_WOKEN)
		return (EXIT_SIGNAL + interrupt_signal());
	return (unreachable(o, result == LINK_LOST ? l->reason :
	    LINK_NO_ANSWER " in time", quiet));
}

/* In the format that was asked for. */
static void
put_answer(struct buf *b, const struct options *o, struct span s)
{
	if (o->prometheus)
		exposition_put(b, s);
	else if (o->json) {
		escape_json(b, s);
		buf_char(b, '\n');
	} else
		screen_put(b, o, s);
}

static bool
is_ok(struct span s)
{
	return (span_is(jtext_member(s, "state"), "\"ok\""));
}

static int
run_once(const struct options *o)
{
	struct link l;
	struct span s = SPAN_NONE;
	struct buf b = { 0 };
	int code;

	if ((code = ask(o, &l, &s, false)) == EXIT_OK) {
		put_answer(&b, o, s);
		if (b.n > 0 && !b.failed)
			(void)fwrite(b.p, 1, b.n, stdout);
		if (o->check && !is_ok(s))
			code = EXIT_FAILURE_OTHER;
		(void)print_flush(&code);
	}
	buf_free(&b);
	link_close(&l);
	return (code);
}

/* In place of what is on the screen. */
static void
redraw(const struct buf *text, bool first)
{
	struct redraw r = { .first = first, .elsewhere = "without --watch" };
	struct buf out = { 0 };

	redraw_measure(&r);
	redraw_put(&out, &r, buf_text(text));
	if (!out.failed)
		(void)fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
}

/* One after the other where it is no terminal, or no screen. */
static int
run_watch(const struct options *o)
{
	bool in_place = isatty(STDOUT_FILENO) && !o->json && !o->prometheus;
	bool first = true, away = false;
	struct buf b = { 0 };
	struct span s;
	struct link l;
	int code = EXIT_OK;

	for (; interrupt_signal() == 0; interrupt_wait(WATCH_MS)) {
		buf_reset(&b);
		s = SPAN_NONE;
		/* Who was there once may come back. */
		if ((code = ask(o, &l, &s, !first)) == EXIT_OK)
			put_answer(&b, o, s);
		link_close(&l);
		if (code != EXIT_OK && first)
			break;
		if (code != EXIT_OK && !away)
			say("-- execlogd does not answer, trying again --");
		away = code != EXIT_OK;
		if (in_place && !away)
			redraw(&b, first);
		else if (b.n > 0)
			(void)fwrite(b.p, 1, b.n, stdout);
		first = false;
		if (!print_flush(&code) || print_is_unread())
			break;
	}
	buf_free(&b);
	return (interrupt_signal() != 0 ? EXIT_SIGNAL + interrupt_signal() :
	    code);
}

static int
run_status(const struct options *o)
{
	if (o->prometheus && o->json) {
		complain("--json or --prometheus, not both");
		return (EXIT_USAGE);
	}
	if (o->watch && o->check) {
		complain("--check is for one look: not with --watch");
		return (EXIT_USAGE);
	}
	return (o->watch ? run_watch(o) : run_once(o));
}

static int
run_ping(const struct options *o)
{
	struct link l;
	struct span s = SPAN_NONE;
	struct buf b = { 0 };
	int code;

	if ((code = ask(o, &l, &s, false)) == EXIT_OK) {
		s = jtext_member(s, "version");
		if (s.n > 2)
			escape_put(&b, (struct span){ s.p + 1, s.n - 2 },
			    !o->raw, false);
		(void)printf("execlogd %.*s is up\n", (int)b.n,
		    b.n > 0 ? b.p : "");
		(void)print_flush(&code);
	}
	buf_free(&b);
	link_close(&l);
	return (code);
}

const struct command command_status = {
	.name = "status",
	.takes = "JKCwmL",
	.run = run_status,
	.help =
    "Examples:\n"
    "  execlog status\n"
    "  execlog status --watch\n"
    "  execlog status --json | jq .lock_hold_ms\n"
    "  execlog status --check || page-somebody\n"
    "  execlog status --prometheus >/var/lib/node_exporter/execlog.prom\n"
    "\n"
    "Usage: execlog status [OPTION]...\n"
    "\n"
    "Is all well?  If not, why, and what is to be done: the first lines say so.\n"
    "docs/status.md explains every figure.\n"
    "\n"
    "Exit 0 whenever the daemon answers, however it is (with --check: 1 when it\n"
    "is degraded), 5 when it does not.  execlog ping is the short form.\n"
    "\n"
    "      --json            one object\n"
    "      --prometheus      metrics, in the text format\n"
    "      --watch           again every second, until Ctrl-C\n"
    "      --check           exit 1 when the daemon is degraded\n"
    "      --local           local time\n"
    "      --color WHEN      auto, always, never\n"
    "      --socket PATH     the daemon's socket\n",
};

const struct command command_ping = {
	.name = "ping",
	.takes = "",
	.run = run_ping,
	.help =
    "Examples:\n"
    "  execlog ping && echo alive\n"
    "\n"
    "Usage: execlog ping\n"
    "\n"
    "Exit 0 when the daemon answers, else 5.\n"
    "\n"
    "      --socket PATH     the daemon's socket\n",
};
