/*
 * event: one audit event.
 */
#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "client/deliver.h"
#include "client/escape.h"
#include "client/secret.h"
#include "proto/audit.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"

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

/* Send it and wait until it is on disk. */
static int
send_event(const struct options *o, const struct execlog_event *e)
{
	struct delivery d;
	enum deliver_result result;

	if (!deliver_open(&d, o, false))
		return (options_unreachable(o, d.reason));
	/* Who sends one event waits for it: it holds nothing back. */
	d.bounded = true;
	if (!secret_register(o, d.log)) {
		(void)deliver_close(&d);
		return (EXIT_USAGE);
	}
	if ((result = deliver_event(&d, e)) == DELIVER_OK)
		result = deliver_flush(&d);
	return (deliver_outcome(&d, result, deliver_close(&d)));
}

static int
run_event(const struct options *o)
{
	struct execlog_event e = { .execution = o->execution.p };
	struct buf metadata = { 0 };
	enum audit_type type;
	int code;

	if (!options_is_single(o))
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
	if ((code = check_event(o, type, e.metadata)) == EXIT_OK)
		code = send_event(o, &e);
	buf_free(&metadata);
	return (code);
}

const struct command command_event = {
	.name = "event",
	.takes = "tMAFTDNG",
	.wants_execution = true,
	.writes = true,
	.max_rest = 1,
	.words = "CREATED STARTED STATE_CHANGE COMPLETED FAILED CANCELLED "
	    "TIMEOUT",
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
    "      --metadata JSON   an object.  Texts, if they are there: workflow_id,\n"
    "                        trigger_type of CREATED; from, to, reason, task_id\n"
    "                        of STATE_CHANGE; error_message, failed_task_id,\n"
    "                        stack_trace of FAILED; cancelled_by, reason of\n"
    "                        CANCELLED.  Numbers: attempt; duration, task_count\n"
    "                        of COMPLETED; pending_task_count of CANCELLED;\n"
    "                        timeout_duration, elapsed_time of TIMEOUT\n"
    "      --from STATE, --to STATE, -t/--task ID, --attempt N\n"
    "                        of a STATE_CHANGE; with a task it is the task's\n"
    "      --mask-env NAME, --mask-file F\n"
    "                        secret values of ID, shown as ***SECRET*** from\n"
    "                        now on, whoever writes them: that of a variable,\n"
    "                        which must be set, each line of a file and all\n"
    "                        of it\n"
    "      --timeout D       give up when the daemon has been gone, or has\n"
    "                        acknowledged nothing, for so long (default:\n"
    "                        60s); one that is not there at first is not\n"
    "                        waited for\n"
    "      --socket PATH     the daemon's socket\n",
};
