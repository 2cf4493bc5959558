/*
 * write: one record, or the lines of standard input.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/deliver.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/secret.h"
#include "client/stamp.h"
#include "proto/buf.h"
#include "proto/lines.h"
#include "proto/record.h"

#define READ_BYTES	(64 * 1024)	/* of stdin, at once */

struct writing {
	const struct options	*options;
	struct delivery		 delivery;
	struct execlog_capture	*capture;	/* of stdin; NULL: records */
	enum deliver_result	 result;	/* the first that was not OK */
	int64_t			 read_at;	/* ms, what is read; 0: nothing is */
	int64_t			 newest;	/* for stamp_now */
	uint64_t		 skip;		/* records that are stored */
	uint64_t		 taken;		/* lines of the capture */
	uint64_t		 dropped;	/* records after that result */
};

static void
on_line(struct span text, enum partial partial, void *v)
{
	struct writing *w = v;
	struct execlog_record r = options_record(w->options, "cli");

	r.partial = (enum execlog_partial)partial;
	r.message = text.p;
	r.message_len = text.n;
	r.timestamp = w->read_at;
	if (w->skip > 0)
		w->skip--;
	else if (w->result != DELIVER_OK ||
	    (w->result = deliver_log(&w->delivery, &r)) != DELIVER_OK)
		w->dropped++;
}

/*
 * Await more of standard input; an unfinished line is stored as a part after a
 * while.  The number of bytes, 0 at the end, -1 and errno.
 */
static ssize_t
read_stdin(struct writing *w, char *bytes, size_t n)
{
	struct pollfd p[2] = {
		{ STDIN_FILENO, POLLIN, 0 },
		{ interrupt_fd(), POLLIN, 0 },
	};
	bool holds;
	int ready;

	do {
		holds = w->capture != NULL &&
		    execlog_capture_holds(w->capture, EXECLOG_NO_STREAM);
		ready = poll(p, 2, holds ? EXECLOG_SILENCE : -1);
		if (ready == 0)
			(void)execlog_capture_flush(w->capture,
			    EXECLOG_NO_STREAM);
	} while (ready == 0 || (ready == -1 && errno == EINTR));
	/* A signal that came before the poll ends it, too. */
	if (p[1].revents != 0) {
		errno = EINTR;
		return (-1);
	}
	return (read(STDIN_FILENO, bytes, n));
}

/* False: out of memory. */
static bool
take(struct writing *w, struct lines *lines, const char *bytes, size_t n)
{
	w->read_at = stamp_now(&w->newest);
	if (w->capture == NULL)
		return (lines_feed(lines, bytes, n, on_line, w));
	w->result = deliver_feed(&w->delivery, w->capture, EXECLOG_NO_STREAM,
	    w->read_at, bytes, n, &w->taken);
	return (true);
}

/* Read standard input to its end; false: it cannot be read. */
static bool
copy_stdin(struct writing *w)
{
	char bytes[READ_BYTES];
	struct lines lines = { 0 };
	ssize_t n = 0;

	while (w->result == DELIVER_OK &&
	    (n = read_stdin(w, bytes, sizeof bytes)) > 0) {
		if (!take(w, &lines, bytes, (size_t)n)) {
			errno = ENOMEM;
			n = -1;
			break;
		}
	}
	if (n == -1 && errno == EINTR && interrupt_signal() != 0)
		w->result = DELIVER_INTERRUPTED;
	else if (n == -1)
		complain("cannot read standard input: %s", strerror(errno));
	if (w->result == DELIVER_OK)
		lines_finish(&lines, on_line, w);
	lines_free(&lines);
	return (n != -1);
}

/*
 * Lines that are read are what a task prints: a stream, closed at the end of
 * the input.  Under a stable name they are plain records, one number each, so
 * that the same input with more behind it can be given again.
 */
static enum deliver_result
open_capture(struct writing *w)
{
	const struct execlog_record r = options_record(w->options, "cli");

	return (deliver_open_capture(&w->delivery,
	    &(struct execlog_capture_options){
		.execution = r.execution,
		.task = r.task,
		.source = r.source,
		.has_attempt = r.has_attempt,
		.attempt = r.attempt,
		.has_level = true,
		.level = r.level,
		.metadata = r.metadata,
	    }, &w->capture));
}

/* An input that could not be read, or was interrupted, is not closed: its
   stream will be lost. */
static void
close_capture(struct writing *w, bool whole)
{
	if (w->capture == NULL)
		return;
	if (whole && w->result == DELIVER_OK)
		w->result = deliver_close_capture(&w->delivery, w->capture);
	else
		execlog_capture_abandon(w->capture);
	w->capture = NULL;
}

static bool
write_stdin(struct writing *w)
{
	bool whole;

	if (w->options->producer == NULL &&
	    (w->result = open_capture(w)) != DELIVER_OK)
		return (true);
	whole = copy_stdin(w);
	close_capture(w, whole);
	return (whole);
}

static void
write_words(struct writing *w)
{
	const struct options *o = w->options;
	struct buf text = { 0 };
	struct lines lines = { 0 };
	int i;

	for (i = 0; i < o->nrest; i++) {
		if (i > 0)
			buf_char(&text, ' ');
		buf_str(&text, o->rest[i]);
	}
	/* One record, whatever line breaks are in it, unless it is long. */
	if (text.n <= RECORD_MESSAGE_MAX)
		on_line(buf_text(&text), PARTIAL_WHOLE, w);
	else if (lines_feed(&lines, text.p, text.n, on_line, w))
		lines_finish(&lines, on_line, w);
	lines_free(&lines);
	buf_free(&text);
}

/* A name that was used for something else would swallow lines in silence. */
static void
say_skipped(const struct writing *w, uint64_t stored)
{
	if (stored == 0)
		return;
	say("-- %llu line%s skipped: stored before, as producer %s --",
	    (unsigned long long)(stored - w->skip),
	    stored - w->skip == 1 ? "" : "s", w->options->producer);
	if (w->skip > 0)
		say("-- the input has %llu fewer than are stored: is it the "
		    "same? --", (unsigned long long)w->skip);
}

/* Records that are not stored; of a capture, without OPEN and CLOSE. */
static uint64_t
count_lost(const struct writing *w, uint64_t unacked)
{
	if (w->options->nrest > 0 || w->options->producer != NULL)
		return (unacked + w->dropped);
	unacked -= unacked > 0;
	return (unacked < w->taken ? unacked : w->taken);
}

static int
run_write(const struct options *o)
{
	uint64_t stored = 0;
	struct writing w = { .options = o };
	bool readable = true;
	int code;

	if (!options_is_single(o))
		return (EXIT_USAGE);
	if (o->producer != NULL && o->nrest > 0) {
		complain("--producer is for lines of standard input");
		return (EXIT_USAGE);
	}
	if (!deliver_open(&w.delivery, o, false))
		return (options_unreachable(o, w.delivery.reason));
	/* Lines that come are held back; one that is given is waited for. */
	w.delivery.bounded = o->nrest > 0;
	if (!secret_register(o, w.delivery.log)) {
		(void)deliver_close(&w.delivery);
		return (EXIT_USAGE);
	}
	if (o->producer != NULL)
		w.skip = stored = execlog_stored(w.delivery.log);
	if (o->nrest > 0)
		write_words(&w);
	else
		readable = write_stdin(&w);
	if (w.result == DELIVER_OK)
		w.result = deliver_flush(&w.delivery);
	say_skipped(&w, stored);
	code = deliver_outcome(&w.delivery, w.result,
	    count_lost(&w, deliver_close(&w.delivery)));
	return (code == EXIT_OK && !readable ? EXIT_FAILURE_OTHER : code);
}

const struct command command_write = {
	.name = "write",
	.takes = "tlOMADPNG",
	.wants_execution = true,
	.writes = true,
	.max_rest = -1,
	.run = run_write,
	.help =
    "Examples:\n"
    "  execlog write e1 \"low on disk\" -l warn -t build\n"
    "  make 2>&1 | execlog write e1 -t build\n"
    "  execlog write e1 done --metadata '{\"free_mb\": 12}'\n"
    "  execlog write e1 --producer import-7 < big.log   (again, if it broke)\n"
    "\n"
    "Usage: execlog write [OPTION]... ID [TEXT]...\n"
    "\n"
    "Writes TEXT as one record, or each line of standard input as one, and\n"
    "returns when all are on disk.  Lines may say their level (<3>text, or JSON\n"
    "with level and message).  Standard input is a stream of the execution: a\n"
    "follow waits for its end, and with -t it counts for the daemon's\n"
    "--stream-max, unless it has a --producer.\n"
    "\n"
    "  -t, --task ID         the task\n"
    "  -l, --level L         DEBUG, INFO (default), WARN, ERROR, of what does\n"
    "                        not say another; trace,\n"
    "                        notice, warning, err, fatal, critical are\n"
    "                        stored as one of these\n"
    "      --source S        the source (default: cli)\n"
    "      --metadata JSON   an object\n"
    "      --attempt N       the attempt of the task\n"
    "      --producer NAME   skip the lines that were stored under this name:\n"
    "                        the same input again stores nothing twice; a\n"
    "                        name belongs to one input, whatever the ID\n"
    "      --mask-env NAME, --mask-file F\n"
    "                        secret values of ID, shown as ***SECRET*** from\n"
    "                        now on, whoever writes them: that of a variable,\n"
    "                        which must be set, each line of a file and all\n"
    "                        of it\n"
    "      --timeout D       give up when the daemon has been gone for so\n"
    "                        long (default: 60s); one that is not there at\n"
    "                        first is not waited for.  TEXT that is given\n"
    "                        also when nothing is acknowledged for so long\n"
    "      --socket PATH     the daemon's socket\n",
};
