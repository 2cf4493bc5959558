/*
 * write and event: what scripts say.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/deliver.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "proto/audit.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/lines.h"
#include "proto/record.h"

#define READ_BYTES	(64 * 1024)	/* of stdin, at once */

struct writing {
	const struct options	*options;
	struct delivery		 delivery;
	enum deliver_result	 result;	/* the first that was not OK */
	uint64_t		 skip;		/* records that are stored */
	uint64_t		 dropped;	/* records after that result */
};

/* Let go, and say what came of it, as an exit code. */
static int
outcome(struct writing *w)
{
	unsigned long long lost;
	unsigned long refused;

	lost = deliver_close(&w->delivery) + w->dropped;
	refused = atomic_load(&w->delivery.refused);
	if (w->result == DELIVER_LOST)
		complain("%llu line%s not acknowledged: %s", lost,
		    lost == 1 ? " was" : "s were", w->delivery.reason);
	else if (w->result == DELIVER_INTERRUPTED && lost > 0)
		complain("interrupted before the last %llu line%s acknowledged; "
		    "they may be stored", lost, lost == 1 ? " was" :
		    "s were");
	if (w->result == DELIVER_INTERRUPTED)
		return (EXIT_SIGNAL + interrupt_signal());
	if (w->result == DELIVER_LOST)
		return (EXIT_UNREACHABLE);
	return (refused > 0 ? EXIT_FAILURE_OTHER : EXIT_OK);
}

static void
on_line(struct span text, enum partial partial, void *v)
{
	struct writing *w = v;
	struct execlog_record r = options_record(w->options, "cli");

	r.partial = (enum execlog_partial)partial;
	r.message = text.p;
	r.message_len = text.n;
	if (w->skip > 0)
		w->skip--;
	else if (w->result != DELIVER_OK ||
	    (w->result = deliver_log(&w->delivery, &r)) != DELIVER_OK)
		w->dropped++;
}

/* Read standard input to its end; false: it cannot be read. */
static bool
copy_stdin(struct writing *w)
{
	char bytes[READ_BYTES];
	struct lines lines = { 0 };
	ssize_t n = 0;

	while (w->result == DELIVER_OK &&
	    (n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0) {
		if (!lines_feed(&lines, bytes, (size_t)n, on_line, w)) {
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

static bool
is_single(const struct options *o)
{
	if (span_is(o->filter.source, RECORD_SOURCE_OWN)) {
		complain("--source %s is the daemon's own", RECORD_SOURCE_OWN);
		return (false);
	}
	if (o->filter.ntasks > 1) {
		complain("-t can be given once");
		return (false);
	}
	if ((o->filter.levels & (o->filter.levels - 1)) != 0) {
		complain("a record has one level");
		return (false);
	}
	return (true);
}

/* Open the way to the daemon; the exit code if there is none. */
static int
begin(struct writing *w)
{
	if (deliver_open(&w->delivery, w->options, false))
		return (EXIT_OK);
	return (options_unreachable(w->options, w->delivery.reason));
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

static int
run_write(const struct options *o)
{
	uint64_t stored = 0;
	struct writing w = { .options = o };
	bool readable = true;
	int code;

	if (!is_single(o))
		return (EXIT_USAGE);
	if (o->producer != NULL && o->nrest > 0) {
		complain("--producer is for lines of standard input");
		return (EXIT_USAGE);
	}
	if ((code = begin(&w)) != EXIT_OK)
		return (code);
	if (o->producer != NULL)
		w.skip = stored = execlog_stored(w.delivery.log);
	if (o->nrest > 0)
		write_words(&w);
	else
		readable = copy_stdin(&w);
	if (w.result == DELIVER_OK)
		w.result = deliver_flush(&w.delivery);
	say_skipped(&w, stored);
	code = outcome(&w);
	return (code == EXIT_OK && !readable ? EXIT_FAILURE_OTHER : code);
}

/* The metadata of an event: what was given, and the flags win. */
static bool
make_metadata(const struct options *o, struct buf *b)
{
	static const char *const ours[] = { "from", "to", "task_id",
	    "attempt" };
	const char *drop[4];
	size_t n = 0;

	if (o->from.p != NULL)
		drop[n++] = ours[0];
	if (o->to.p != NULL)
		drop[n++] = ours[1];
	if (o->filter.ntasks > 0)
		drop[n++] = ours[2];
	if (o->has_attempt)
		drop[n++] = ours[3];
	if (!jput_without(b, o->metadata.p != NULL ? o->metadata :
	    span_of("{}"), drop, n))
		return (false);
	b->n--;		/* the brace: more may follow */
	if (o->from.p != NULL)
		jput_text(b, "from", o->from);
	if (o->to.p != NULL)
		jput_text(b, "to", o->to);
	if (o->filter.ntasks > 0)
		jput_text(b, "task_id", o->filter.task[0]);
	if (o->has_attempt)
		jput_i64(b, "attempt", o->attempt);
	buf_char(b, '}');
	buf_char(b, '\0');
	return (!b->failed);
}

static bool
is_change(const struct options *o)
{
	return (o->from.p != NULL || o->to.p != NULL || o->has_attempt ||
	    o->filter.ntasks > 0);
}

/* What the daemon would refuse is bad usage here: ask as it would. */
static int
check_event(const struct options *o, enum audit_type type,
    const char *metadata)
{
	struct audit a = { .type = type, .execution = o->execution,
	    .metadata = span_of(metadata) };
	enum refusal refusal = REFUSAL_METADATA;
	struct buf b = { 0 };
	struct json_t *doc;
	struct frame f;

	if (audit_put(&b, &a) &&
	    frame_decode(b.p, b.n, &f) == FRAME_OK &&
	    (doc = audit_from_json(f.body, &a)) != NULL) {
		refusal = audit_check(&a);
		jdoc_free(doc);
	}
	buf_free(&b);
	if (refusal == REFUSAL_NONE)
		return (EXIT_OK);
	complain("%s: %s", audit_type_name(type), refusal_sentence(refusal));
	return (EXIT_USAGE);
}

static int
run_event(const struct options *o)
{
	struct writing w = { .options = o };
	struct execlog_event e = { .execution = o->execution.p };
	struct buf metadata = { 0 };
	enum audit_type type;
	int code;

	if (!is_single(o))
		return (EXIT_USAGE);
	if (o->nrest == 0 || !audit_type_parse(span_of(o->rest[0]), &type)) {
		complain("event wants one of: CREATED, STARTED, STATE_CHANGE, "
		    "COMPLETED, FAILED, CANCELLED, TIMEOUT");
		return (EXIT_USAGE);
	}
	if (is_change(o) && type != AUDIT_STATE_CHANGE) {
		complain("--from, --to, -t and --attempt are for "
		    "STATE_CHANGE");
		return (EXIT_USAGE);
	}
	e.type = o->rest[0];
	if (make_metadata(o, &metadata))
		e.metadata = metadata.p;
	if ((code = check_event(o, type, e.metadata)) != EXIT_OK ||
	    (code = begin(&w)) != EXIT_OK) {
		buf_free(&metadata);
		return (code);
	}
	w.result = deliver_event(&w.delivery, &e);
	if (w.result == DELIVER_OK)
		w.result = deliver_flush(&w.delivery);
	code = outcome(&w);
	buf_free(&metadata);
	return (code);
}

const struct command command_write = {
	.name = "write",
	.takes = "tlOMADP",
	.wants_execution = true,
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
    "returns when all are on disk.\n"
    "\n"
    "  -t, --task ID         the task\n"
    "  -l, --level L         DEBUG, INFO (default), WARN, ERROR; trace,\n"
    "                        notice, warning, err, fatal, critical are\n"
    "                        stored as one of these\n"
    "      --source S        the source (default: cli)\n"
    "      --metadata JSON   an object\n"
    "      --attempt N       the attempt of the task\n"
    "      --producer NAME   skip the lines that were stored under this name:\n"
    "                        the same input again stores nothing twice; a\n"
    "                        name belongs to one input, whatever the ID\n"
    "      --timeout D       give up when there has been no daemon for so\n"
    "                        long (default: 60s)\n"
    "      --socket PATH     the daemon's socket\n",
};

const struct command command_event = {
	.name = "event",
	.takes = "tMAFTD",
	.wants_execution = true,
	.max_rest = 1,
	.run = run_event,
	.help =
    "Examples:\n"
    "  execlog event e1 STARTED\n"
    "  execlog event e1 STATE_CHANGE -t build --from RUNNING --to SUCCESS\n"
    "  execlog event e1 FAILED --metadata '{\"error_message\": \"exit 2\"}'\n"
    "\n"
    "Usage: execlog event [OPTION]... ID TYPE\n"
    "\n"
    "Writes one audit event and returns when it is on disk.  TYPE: CREATED,\n"
    "STARTED, STATE_CHANGE, COMPLETED, FAILED, CANCELLED, TIMEOUT; the last\n"
    "four end the execution.\n"
    "\n"
    "      --metadata JSON   an object\n"
    "      --from STATE, --to STATE, -t/--task ID, --attempt N\n"
    "                        of a STATE_CHANGE; with a task it is the task's\n"
    "      --timeout D       give up when there has been no daemon for so\n"
    "                        long (default: 60s)\n"
    "      --socket PATH     the daemon's socket\n",
};
