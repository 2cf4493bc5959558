/*
 * run: a command whose output is stored, line by line.  Whatever becomes of
 * the storing, the command runs and its exit code is ours.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/child.h"
#include "client/commands.h"
#include "client/deliver.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/link.h"
#include "client/relay.h"
#include "client/secret.h"
#include "client/stamp.h"
#include "client/times.h"
#include "proto/buf.h"
#include "proto/json.h"

#define DRAIN_MS	2000	/* for output of what the command has left
				   behind, after its end; without --drain */
#define EXIT_OURS	125	/* we failed before the command started */

struct run {
	const struct options	*options;
	struct delivery		 delivery;
	struct child		 child;
	struct relay		*relay;
	int64_t			 begun;		/* ms, monotonic */
};

/* ------------------------------------------------------------- lifecycle */

/* STATE_CHANGE of the task: more may be added to the metadata. */
static void
begin_change(struct buf *b, const struct options *o, const char *from,
    const char *to)
{
	buf_char(b, '{');
	jput_text(b, "from", span_of(from));
	jput_text(b, "to", span_of(to));
	jput_text(b, "task_id", o->filter.task[0]);
	if (o->has_attempt)
		jput_i64(b, "attempt", o->attempt);
}

static void
send_change(struct run *r, struct buf *b)
{
	/* That of what it tells, whenever it can be sent. */
	struct execlog_event e = { .execution = r->options->execution.p,
	    .type = "STATE_CHANGE",
	    .timestamp = stamp_now(&r->relay->newest) };

	buf_char(b, '}');
	buf_char(b, '\0');
	e.metadata = b->p;
	if (!b->failed)
		(void)execlog_event(r->delivery.log, &e);
	buf_free(b);
}

static void
tell_start(struct run *r)
{
	struct buf b = { 0 };

	if (!r->options->lifecycle)
		return;
	begin_change(&b, r->options, "PENDING", "RUNNING");
	send_change(r, &b);
}

static void
tell_end(struct run *r, const struct child_end *end)
{
	struct buf b = { 0 };

	if (!r->options->lifecycle)
		return;
	begin_change(&b, r->options, "RUNNING",
	    end->code == 0 ? "SUCCESS" : "FAILED");
	if (end->signal != 0)
		jput_i64(&b, "signal", end->signal);
	else
		jput_i64(&b, "exit_code", end->code);
	jput_i64(&b, "duration_ms", times_monotonic_ms() - r->begun);
	jput_i64(&b, "max_rss_kb", end->max_rss_kb);
	send_change(r, &b);
}

/* It could not be executed. */
static void
tell_failure(struct run *r, int code, int error)
{
	struct buf b = { 0 };

	if (!r->options->lifecycle)
		return;
	begin_change(&b, r->options, "PENDING", "FAILED");
	jput_i64(&b, "exit_code", code);
	jput_text(&b, "reason", span_of(strerror(error)));
	send_change(r, &b);
}

/* ---------------------------------------------------------------- running */

/* Lines that are not acknowledged. */
static uint64_t
lines_lost(const struct run *r)
{
	uint64_t before = r->delivery.preface;
	uint64_t acked = execlog_acked(r->delivery.log);
	uint64_t stored = acked > before ? acked - before : 0;

	return (r->relay->dropped + (stored < r->relay->taken ?
	    r->relay->taken - stored : 0));
}

/* Lines that are acknowledged, and not stored.  Behind the lines is CLOSE, and
   it may be refused with them. */
static uint64_t
lines_refused(const struct run *r)
{
	uint64_t refused = atomic_load(&r->delivery.refused_behind);

	return (refused < r->relay->taken ? refused : r->relay->taken);
}

/* Wait for the acknowledgements; say what was not stored. */
static void
deliver(struct run *r)
{
	enum deliver_result result = deliver_flush(&r->delivery);
	uint64_t lost = lines_lost(r), refused = lines_refused(r);

	(void)deliver_close(&r->delivery);
	if (refused > 0)
		complain("%llu line%s refused by execlogd, and not stored",
		    (unsigned long long)refused,
		    refused == 1 ? " was" : "s were");
	if (lost > 0)
		complain("%llu line%s not stored%s%s",
		    (unsigned long long)lost, lost == 1 ? " was" : "s were",
		    result == DELIVER_LOST ? ": " : "",
		    result == DELIVER_LOST ? r->delivery.reason : "");
	else if (result != DELIVER_OK || r->relay->lossy)
		complain("the end of the output was not stored%s%s",
		    result == DELIVER_LOST ? ": " : "",
		    result == DELIVER_LOST ? r->delivery.reason : "");
}

/*
 * On a terminal the command shares our group, so that it may read what is
 * typed and Ctrl-C reaches it; else it has a group of its own, which gets the
 * signals that we get.
 */
static struct child_options
child_options(const struct options *o)
{
	return ((struct child_options){
		.argv = o->rest,
		.keeps_out = o->only == EXECLOG_STDERR,
		.keeps_err = o->only == EXECLOG_STDOUT,
		.pty = o->pty,
		.own_group = !isatty(STDIN_FILENO),
	});
}

static struct execlog_capture_options
capture_options(const struct options *o)
{
	const struct execlog_record r = options_record(o, "run");

	return ((struct execlog_capture_options){
		.execution = r.execution,
		.task = r.task,
		.source = r.source,
		.has_attempt = r.has_attempt,
		.attempt = r.attempt,
		.has_stdout = o->only != EXECLOG_STDERR,
		.has_stderr = o->only != EXECLOG_STDOUT && !o->pty,
		.has_stderr_level = o->has_stderr_level,
		.stderr_level = (enum execlog_level)o->stderr_level,
	});
}

/* The exit code of what could not be started, 0 if it was. */
static int
start(struct run *r)
{
	const struct child_options options = child_options(r->options);
	bool executed;
	int error, code;

	r->begun = times_monotonic_ms();
	if ((error = child_start(&r->child, &options, &executed)) == 0) {
		tell_start(r);
		return (0);
	}
	complain("%s: %s", options.argv[0], strerror(error));
	code = !executed ? EXIT_OURS : error == ENOENT ? CHILD_NOT_FOUND :
	    CHILD_NOT_EXECUTABLE;
	tell_failure(r, code, error);
	return (code);
}

/* From its start to the last of its lines. */
static int
run_child(struct run *r)
{
	const struct execlog_capture_options options =
	    capture_options(r->options);
	int code;

	/* A failure here is one of the handle: the command runs all the same
	   and its lines are counted. */
	(void)execlog_capture_open(r->delivery.log, &options,
	    &r->relay->capture);
	if ((code = start(r)) != 0) {
		relay_close(r->relay);
		return (code);
	}
	relay_run(r->relay);
	tell_end(r, &r->relay->end);
	return (r->relay->end.code);
}

static const char *
wrong_usage(const struct options *o)
{
	if (o->nrest == 0)
		return ("run wants a command: execlog run ID -- CMD...");
	if (o->lifecycle && o->filter.ntasks == 0)
		return ("--lifecycle is of a task: give -t");
	if (o->pty && o->only != EXECLOG_NO_STREAM)
		return ("--pty has one stream: --only does not go with it");
	return (NULL);
}

static int
run_run(const struct options *o)
{
	struct run r = { .options = o };
	const char *wrong = wrong_usage(o);
	int code;

	if (!options_is_single(o))
		return (EXIT_USAGE);
	if (wrong != NULL) {
		complain("%s", wrong);
		return (EXIT_USAGE);
	}
	/* Before there is a thread.  Python keeps its output otherwise. */
	(void)setenv("PYTHONUNBUFFERED", "1", 0);
	if ((r.relay = calloc(1, sizeof *r.relay)) == NULL ||
	    !deliver_open(&r.delivery, o, true)) {
		complain("%s", r.relay == NULL ? strerror(errno) :
		    r.delivery.reason);
		free(r.relay);
		return (EXIT_OURS);
	}
	if (!secret_register(o, r.delivery.log)) {
		(void)deliver_close(&r.delivery);
		free(r.relay);
		return (EXIT_USAGE);
	}
	if (!link_probe(o->socket, r.delivery.reason)) {
		unreachable_explain(o->socket, r.delivery.reason,
		    UNREACHABLE_WRITE, r.delivery.reason);
		complain("%s runs all the same: %s", o->rest[0],
		    r.delivery.reason);
	}
	/* OPEN, and the first event. */
	r.delivery.preface = o->lifecycle ? 2 : 1;
	/* The command is not held by one that hangs, either. */
	r.delivery.bounded = true;
	interrupt_catch(SIGQUIT);
	r.relay->delivery = &r.delivery;
	r.relay->child = &r.child;
	r.relay->drain = o->drain >= 0 ? o->drain : DRAIN_MS;
	relay_init(r.relay, o->tee);
	code = run_child(&r);
	deliver(&r);
	child_close(&r.child);
	free(r.relay);
	return (code);
}

const struct command command_run = {
	.name = "run",
	.takes = "tOADdIVeYyNG",
	.wants_execution = true,
	.writes = true,
	.runs = true,
	.max_rest = -1,
	.run = run_run,
	.help =
    "Examples:\n"
    "  execlog run e1 -t build -- make all\n"
    "  execlog run e1 -t fetch --attempt 2 --source plugin:core/http.get \\\n"
    "      --lifecycle -- curl -fsS https://example.org\n"
    "  execlog run e1 -t plugin --only stderr -- ./plugin <in >result\n"
    "\n"
    "Usage: execlog run [OPTION]... ID -- CMD [ARGUMENT]...\n"
    "\n"
    "Runs CMD and stores each line of its stdout and stderr, level INFO unless\n"
    "the line says another (<3>text, or JSON with level and message).  Its\n"
    "stdin is yours.  What it leaves running in the background is heard for 2\n"
    "seconds after it has ended.\n"
    "\n"
    "Without a daemon CMD runs all the same: 4 MB of its output are kept, then\n"
    "it is slowed down; when nothing has been acknowledged for --timeout, lines\n"
    "that do not fit are counted on stderr.  The exit code is CMD's.\n"
    "\n"
    "SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to it.  Unless stdin is a\n"
    "terminal, it has a process group of its own, and all of that gets them; on a\n"
    "terminal, what is typed reaches it directly.  After its end they end our\n"
    "waiting.  PYTHONUNBUFFERED=1 is set for it.  A SIGKILL of ours does not end\n"
    "it: it gets SIGPIPE at its next line, and its streams are lost.\n"
    "\n"
    "  -t, --task ID         the task\n"
    "      --attempt N       the attempt of the task\n"
    "      --source S        the source (default: run)\n"
    "      --tee             pass on what it says to our own stdout and stderr\n"
    "      --only STREAM     store stdout or stderr; the other one is ours\n"
    "      --stderr-level L  of lines on stderr that do not say theirs\n"
    "      --pty             its stdout and stderr are one terminal, and one\n"
    "                        stream, if it keeps its output back otherwise;\n"
    "                        stdin stays what it is\n"
    "      --lifecycle       record the task's STATE_CHANGE events, with exit\n"
    "                        code, signal, duration and memory\n"
    "      --drain D         after CMD's end, wait so long for output of what\n"
    "                        it has left behind (default: 2s)\n"
    "      --mask-env NAME, --mask-file F\n"
    "                        secret values of ID, shown as ***SECRET*** from\n"
    "                        now on, whoever writes them: that of a variable,\n"
    "                        which must be set, each line of a file and all\n"
    "                        of it\n"
    "      --timeout D       after CMD's end, wait so long for a daemon that\n"
    "                        is gone (default: 60s)\n"
    "      --socket PATH     the daemon's socket\n"
    "\n"
    "Exit: CMD's own code; 128+N for signal N; 126 not executable, 127 not\n"
    "found; 125 execlog failed before CMD started; 2 bad usage, which runs\n"
    "nothing.\n",
};
