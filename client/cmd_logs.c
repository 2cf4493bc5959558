/*
 * logs, follow and audit: one request, its rows, its end.
 */
#include <sys/types.h>

#include <stdio.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/link.h"
#include "client/print.h"
#include "proto/request.h"
#include "proto/row.h"
#include "proto/version.h"

struct reading {
	const struct options	*options;
	enum request_kind	 kind;
	struct link		 link;
	struct printer		 printer;
};

/* The daemon is gone or has said why it goes. */
static int
on_lost(struct reading *r)
{
	print_end(&r->printer);
	(void)fflush(stdout);
	if (r->kind != REQUEST_FOLLOW) {
		complain("%s", r->link.reason);
		return (EXIT_UNREACHABLE);
	}
	complain("the stream ended without an exact end: %s", r->link.reason);
	return (EXIT_NO_END);
}

static void
say_nothing_found(const struct reading *r)
{
	const struct options *o = r->options;
	struct span id = o->execution, task = o->filter.task[0];

	if (r->kind == REQUEST_AUDIT)
		say("No audit events found for execution %.*s", (int)id.n,
		    id.p);
	else if (o->filter.ntasks == 1)
		say("No logs found for task %.*s in execution %.*s",
		    (int)task.n, task.p, (int)id.n, id.p);
	else
		say("No logs found for execution %.*s", (int)id.n, id.p);
}

static int
on_end(struct reading *r, const struct end *end)
{
	struct span id = r->options->execution;
	int code = EXIT_OK;

	if (end->reason == END_NOT_FOUND) {
		say("Execution not found: %.*s", (int)id.n, id.p);
		return (EXIT_NOT_FOUND);
	}
	print_end(&r->printer);
	if (!print_flush(&code))
		return (code);
	if (r->printer.rows == 0)
		say_nothing_found(r);
	if (end->reason == END_COMPLETE)
		say("-- %.*s, %lld line%s --", (int)end->event.n,
		    end->event.p, (long long)end->rows,
		    end->rows == 1 ? "" : "s");
	return (code);
}

static void
on_notice(const struct reading *r, struct span body)
{
	struct span id = r->options->execution;
	enum notice notice;

	if (notice_decode(body, &notice) && notice == NOTICE_WAITING)
		say("-- waiting for execution %.*s --", (int)id.n, id.p);
}

static int
bad_frame(void)
{
	complain("the daemon sent a frame that cannot be read");
	return (EXIT_FAILURE_OTHER);
}

/* One frame: -1, or the exit code at the end. */
static int
on_frame(struct reading *r, const struct frame *f)
{
	struct log_row log;
	struct audit_row audit;
	struct end end;
	int code;

	switch (f->type) {
	case FRAME_LOG_ROW:
		if (!log_row_decode(f->body, &log))
			return (bad_frame());
		print_log(&r->printer, &log);
		return (-1);
	case FRAME_AUDIT_ROW:
		if (!audit_row_decode(f->body, &audit))
			return (bad_frame());
		print_audit(&r->printer, &audit);
		return (-1);
	case FRAME_NOTICE:
		on_notice(r, f->body);
		return (-1);
	case FRAME_END:
		if (!end_decode(f->body, &end))
			return (bad_frame());
		code = on_end(r, &end);
		end_free(&end);
		return (code);
	default:
		return (-1);	/* a newer daemon may have more to say */
	}
}

/* Rows go out before each wait, so that a follow is prompt. */
static int
read_all(struct reading *r)
{
	struct frame f;
	int code = -1;

	while (code == -1) {
		switch (link_next(&r->link, &f, 0)) {
		case LINK_OK:
			code = on_frame(r, &f);
			if (ferror(stdout))
				(void)print_flush(&code);
			break;
		case LINK_NOTHING:
			if (print_flush(&code))
				(void)link_wait(&r->link, -1);
			break;
		case LINK_WOKEN:
			break;
		case LINK_LOST:
			return (on_lost(r));
		}
		if (interrupt_signal() != 0 && code == -1) {
			print_end(&r->printer);
			(void)fflush(stdout);
			code = EXIT_SIGNAL + interrupt_signal();
		}
	}
	return (code);
}

static int
run_request(const struct options *o, enum request_kind kind)
{
	struct reading r = { .options = o, .kind = kind };
	const struct request request = {
		.kind = kind,
		.wait = o->wait,
		.execution = o->execution,
		.filter = o->filter,
		.lines = o->lines,
	};
	struct welcome welcome;
	int code;

	if (!link_open(&r.link, o->socket, interrupt_fd(),
	    &(struct hello){ .role = ROLE_READ }, "execlog " EXECLOG_VERSION,
	    &welcome))
		return (options_unreachable(o, r.link.reason));
	print_begin(&r.printer, o);
	if (request_put(&r.link.out, &request)) {
		(void)link_push(&r.link);
		code = read_all(&r);
	} else {
		complain("the filters are too long for one request");
		code = EXIT_USAGE;
	}
	print_free(&r.printer);
	link_close(&r.link);
	return (code);
}

static int
run_logs(const struct options *given)
{
	struct options o = *given;

	if (o.json)
		o.format = o.follow ? FORMAT_NDJSON : FORMAT_JSON;
	if (o.follow && o.format == FORMAT_JSON)
		o.format = FORMAT_NDJSON;
	if (o.wait && !o.follow) {
		complain("--wait is for follow, or logs -f");
		return (EXIT_USAGE);
	}
	return (run_request(&o, o.follow ? REQUEST_FOLLOW : REQUEST_LOGS));
}

static int
run_follow(const struct options *given)
{
	struct options o = *given;

	o.follow = true;
	return (run_logs(&o));
}

static int
run_audit(const struct options *given)
{
	struct options o = *given;

	if (o.json)
		o.format = FORMAT_JSON;
	return (run_request(&o, REQUEST_AUDIT));
}

#define FILTERS \
    "  -t, --task ID         lines of this task; may be repeated\n" \
    "  -l, --level L[,L...]  lines of these levels: DEBUG INFO WARN ERROR\n" \
    "  -S, --since TIME      not older: 5m 2h 1d, 2026-02-07,\n" \
    "                        2026-02-07T10:00:00Z, epoch ms, today, yesterday\n" \
    "      --source S        lines from this source\n" \
    "  -n, --lines N         of the stored lines the last N\n"
#define OUTPUT \
    "  -o, --output FORMAT   short, cat (the message only), json, ndjson\n" \
    LOOK
#define LOOK \
    "      --local           local time\n" \
    "      --color WHEN      auto, always, never; NO_COLOR is honoured\n" \
    "      --raw             control characters as they are, on a terminal\n" \
    "      --socket PATH     the daemon's socket\n"

const struct command command_logs = {
	.name = "logs",
	.takes = "tlSnfoOJLCRW",
	.wants_execution = true,
	.run = run_logs,
	.help =
    "Examples:\n"
    "  execlog logs e1                     all lines stored so far\n"
    "  execlog logs e1 -n 20 -t build      the last 20 of one task\n"
    "  execlog logs e1 -l WARN,ERROR -S 1h\n"
    "  execlog logs e1 --json | jq '.[].message'\n"
    "\n"
    "Usage: execlog logs [OPTION]... ID\n"
    "\n"
    FILTERS
    "  -f, --follow          go on with live lines, as execlog follow\n"
    "      --json            -o json (with -f: ndjson)\n"
    OUTPUT,
};

const struct command command_follow = {
	.name = "follow",
	.takes = "tlSnoOJLCRW",
	.wants_execution = true,
	.run = run_follow,
	.help =
    "Examples:\n"
    "  execlog follow e1                   until the execution ends\n"
    "  execlog follow e1 --wait            also if it does not exist yet\n"
    "  execlog follow e1 -n 10 -l ERROR    the last 10 errors, then live\n"
    "\n"
    "Usage: execlog follow [OPTION]... ID\n"
    "\n"
    "Prints what is stored, then every line as it is committed, and ends\n"
    "when the execution has ended and all of it was printed.\n"
    "\n"
    FILTERS
    "      --wait            the execution may not exist yet\n"
    "      --json            -o ndjson\n"
    OUTPUT,
};

const struct command command_audit = {
	.name = "audit",
	.takes = "oJLCR",
	.wants_execution = true,
	.run = run_audit,
	.help =
    "Examples:\n"
    "  execlog audit e1                    its events, oldest first\n"
    "  execlog audit e1 --json\n"
    "\n"
    "Usage: execlog audit [OPTION]... ID\n"
    "\n"
    "      --json            -o json\n"
    "  -o, --output FORMAT   short, json, ndjson\n"
    LOOK,
};
