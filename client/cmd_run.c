/*
 * run: a command whose output is stored, line by line.  Whatever becomes of
 * the storing, the command runs and its exit code is ours.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "client/child.h"
#include "client/commands.h"
#include "client/deliver.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/link.h"
#include "client/times.h"
#include "proto/lines.h"
#include "proto/record.h"

#define READ_BYTES	(64 * 1024)	/* of a pipe, at once */
#define LINGER_MS	2000	/* for output of what the command has left
				   behind, after its end */
#define SLICE_MS	50	/* between two looks for a signal */
#define EXIT_OURS	125	/* we failed before the command started */

struct run {
	const struct options	*options;
	struct delivery		 delivery;
	bool			 told;		/* that nothing is stored now */
	uint64_t		 dropped;	/* lines that are not stored */
	struct child		 child;
	struct lines		 lines[STREAM_COUNT];
	enum stream		 stream;	/* of what is being split */
	bool			 ended;		/* the command has */
	int			 code;
	int64_t			 until;		/* then: end of LINGER_MS */
};

/* A terminal sends Ctrl-C to the command, too; the others are passed on. */
static void
pass_signal(struct run *r)
{
	int sig = interrupt_signal();

	if (sig == 0)
		return;
	interrupt_clear();
	if (sig != SIGINT && !r->ended)
		(void)kill(r->child.pid, sig);
}

/* Without a daemon, what does not fit into the queue is only counted. */
static void
drop(struct run *r)
{
	r->dropped++;
	if (r->told)
		return;
	r->told = true;
	complain("no execlogd, and the queue is full: output is lost");
}

/*
 * With a daemon the command is slowed down to what that takes; without one it
 * goes on.
 */
static void
store(struct run *r, const struct execlog_record *record)
{
	enum execlog_result result;

	while ((result = execlog_log(r->delivery.log, record)) ==
	    EXECLOG_WOULD_BLOCK && execlog_is_connected(r->delivery.log)) {
		(void)execlog_wait_room(r->delivery.log, SLICE_MS);
		pass_signal(r);
	}
	if (result != EXECLOG_OK)
		drop(r);
}

static void
on_line(struct span text, enum partial partial, void *v)
{
	struct run *r = v;
	struct execlog_record record = options_record(r->options, "run");

	record.stream = (enum execlog_stream)r->stream;
	record.partial = (enum execlog_partial)partial;
	record.message = text.p;
	record.message_len = text.n;
	store(r, &record);
}

/* Read one of the pipes; it is closed at its end. */
static void
read_pipe(struct run *r, int *fd, enum stream stream)
{
	char bytes[READ_BYTES];
	ssize_t n;

	n = read(*fd, bytes, sizeof bytes);
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	r->stream = stream;
	if (n > 0 && lines_feed(&r->lines[stream], bytes, (size_t)n, on_line,
	    r))
		return;
	(void)close(*fd);
	*fd = -1;
}

static bool
is_over(const struct run *r, int64_t now)
{
	return (r->ended && ((r->child.out == -1 && r->child.err == -1) ||
	    now >= r->until));
}

static void
on_end(struct run *r)
{
	r->ended = true;
	r->code = child_reap(&r->child);
	r->until = times_monotonic_ms() + LINGER_MS;
}

/* Until the command has ended and all it has said is read. */
static void
copy(struct run *r)
{
	enum { OUT, ERR, END, SIGNAL, COUNT };
	struct pollfd p[COUNT];
	int64_t now;

	while (!is_over(r, now = times_monotonic_ms())) {
		p[OUT] = (struct pollfd){ r->child.out, POLLIN, 0 };
		p[ERR] = (struct pollfd){ r->child.err, POLLIN, 0 };
		p[END] = (struct pollfd){ r->ended ? -1 : r->child.pidfd,
		    POLLIN, 0 };
		p[SIGNAL] = (struct pollfd){ interrupt_fd(), POLLIN, 0 };
		if (poll(p, COUNT, r->ended ? (int)(r->until - now) : -1) ==
		    -1 && errno != EINTR)
			return;
		pass_signal(r);
		if (r->child.out != -1 && p[OUT].revents != 0)
			read_pipe(r, &r->child.out, STREAM_STDOUT);
		if (r->child.err != -1 && p[ERR].revents != 0)
			read_pipe(r, &r->child.err, STREAM_STDERR);
		if (!r->ended && p[END].revents != 0)
			on_end(r);
	}
}

/*
 * Wait for the acknowledgements, for --timeout in all where no daemon answers;
 * say what was not stored.
 */
static void
deliver(struct run *r)
{
	enum deliver_result result;

	result = deliver_flush(&r->delivery);
	r->dropped += deliver_close(&r->delivery);
	if (r->dropped > 0)
		complain("%llu line%s not stored%s%s",
		    (unsigned long long)r->dropped,
		    r->dropped == 1 ? " was" : "s were",
		    result == DELIVER_LOST ? ": " : "",
		    result == DELIVER_LOST ? r->delivery.reason : "");
}

static int
start(struct run *r)
{
	char **argv = r->options->rest;
	bool executed;
	int error;

	if ((error = child_start(&r->child, argv, &executed)) == 0)
		return (0);
	complain("%s: %s", argv[0], strerror(error));
	if (!executed)
		return (EXIT_OURS);
	return (error == ENOENT ? CHILD_NOT_FOUND : CHILD_NOT_EXECUTABLE);
}

static int
run_run(const struct options *o)
{
	struct run r = { .options = o };
	enum stream s;

	if (o->nrest == 0 || o->filter.ntasks > 1) {
		complain(o->nrest == 0 ? "run wants a command: execlog run "
		    "ID -- CMD..." : "-t can be given once");
		return (EXIT_USAGE);
	}
	if (!deliver_open(&r.delivery, o, true)) {
		complain("%s", r.delivery.reason);
		return (EXIT_OURS);
	}
	if (!link_probe(o->socket, r.delivery.reason)) {
		complain("cannot reach execlogd at %s: %s; %s runs all the "
		    "same", o->socket, r.delivery.reason, o->rest[0]);
	}
	if ((r.code = start(&r)) == 0) {
		copy(&r);
		for (s = STREAM_STDOUT; s < STREAM_COUNT; s++) {
			r.stream = s;
			lines_finish(&r.lines[s], on_line, &r);
		}
		deliver(&r);
	} else
		(void)execlog_close(r.delivery.log, 0);
	for (s = STREAM_STDOUT; s < STREAM_COUNT; s++)
		lines_free(&r.lines[s]);
	child_close(&r.child);
	return (r.code);
}

const struct command command_run = {
	.name = "run",
	.takes = "tOAD",
	.wants_execution = true,
	.runs = true,
	.max_rest = -1,
	.run = run_run,
	.help =
    "Examples:\n"
    "  execlog run e1 -t build -- make all\n"
    "  execlog run e1 -t fetch --attempt 2 --source plugin:core/http.get \\\n"
    "      -- curl -fsS https://example.org\n"
    "\n"
    "Usage: execlog run [OPTION]... ID -- CMD [ARGUMENT]...\n"
    "\n"
    "Runs CMD and stores each line of its stdout and stderr, level INFO; they\n"
    "are not shown here.  Its stdin is yours.  What it leaves running in the\n"
    "background is heard for 2 seconds after it has ended.\n"
    "\n"
    "Without a daemon CMD runs all the same: 4 MiB of its output are kept and\n"
    "stored when a daemon comes, lines that are not stored are counted on\n"
    "stderr, and the exit code is CMD's.  SIGTERM and SIGHUP are passed on;\n"
    "Ctrl-C reaches CMD from the terminal, a SIGINT to us alone is ignored.\n"
    "\n"
    "  -t, --task ID         the task\n"
    "      --attempt N       the attempt of the task\n"
    "      --source S        the source (default: run)\n"
    "      --timeout D       after CMD's end, wait so long for a daemon that\n"
    "                        is gone (default: 60s)\n"
    "      --socket PATH     the daemon's socket\n"
    "\n"
    "Exit: CMD's own code; 128+N for signal N; 126 not executable, 127 not\n"
    "found; 125 execlog failed before CMD started.\n",
};
