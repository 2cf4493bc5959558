#include "client/deliver.h"

#include <stdio.h>
#include <string.h>

#include "client/escape.h"
#include "client/interrupt.h"
#include "client/options.h"
#include "client/times.h"
#include "proto/version.h"

#define TIMEOUT_MS	60000	/* when --timeout is not given */
#define ANSWER_MS	500	/* given to a daemon that is well, at least */
#define SLICE_MS	50	/* between two looks for a signal */

static void
on_refused(uint64_t number, const char *code, const char *sentence, void *arg)
{
	struct delivery *d = arg;

	if (number > d->preface)
		(void)atomic_fetch_add(&d->refused_behind, 1);
	if (atomic_fetch_add(&d->refused, 1) >= DELIVER_COMPLAINTS)
		return;
	if (number == 0)
		complain("%s (%s)", sentence, code);
	else
		complain("record %llu was refused: %s (%s)",
		    (unsigned long long)number, sentence, code);
}

static int
patience(const struct options *o)
{
	return (o->timeout >= 0 ? o->timeout : TIMEOUT_MS);
}

bool
deliver_open(struct delivery *d, const struct options *o, bool lazy)
{
	struct execlog_options options = {
		.socket = o->socket,
		.client = "execlog " EXECLOG_VERSION,
		.producer = o->producer,
		.nonblocking = true,
		.lazy = lazy,
		.on_refused = on_refused,
		.arg = d,
		.cancel = &(int){ interrupt_fd() },
	};
	int64_t until = times_monotonic_ms() + patience(o), left;

	*d = (struct delivery){ .options = o };
	/* A daemon that takes its time is there: it cannot commit. */
	do {
		left = until - times_monotonic_ms();
		options.patience = left < ANSWER_MS ? ANSWER_MS :
		    left < LINK_PATIENCE ?
		    (int)left : LINK_PATIENCE;
		d->log = execlog_open(&options, d->reason);
	} while (d->log == NULL && strncmp(d->reason, LINK_NO_ANSWER,
	    strlen(LINK_NO_ANSWER)) == 0 &&
	    times_monotonic_ms() < until && interrupt_signal() == 0);
	return (d->log != NULL);
}

/* Has there been no daemon for too long? */
static bool
is_out_of_patience(struct delivery *d)
{
	int64_t now = times_monotonic_ms();
	uint64_t acked = execlog_acked(d->log);
	bool is_there = d->bounded ? acked > d->acked :
	    execlog_is_connected(d->log);

	d->acked = acked;
	if (is_there) {
		d->lost_at = 0;
		return (false);
	}
	if (d->lost_at == 0)
		d->lost_at = now;
	return (now - d->lost_at >= patience(d->options));
}

bool
deliver_is_given_up(struct delivery *d)
{
	return (is_out_of_patience(d) ||
	    execlog_wait_room(d->log, 0) == EXECLOG_FAILED);
}

void
deliver_explain(struct delivery *d)
{
	execlog_reason(d->log, d->reason);
	if (d->reason[0] == '\0')
		(void)snprintf(d->reason, sizeof d->reason, "execlogd is "
		    "there, but acknowledges nothing; see execlog status");
	else
		unreachable_explain(d->options->socket, d->reason,
		    UNREACHABLE_WRITE, d->reason);
}

void
deliver_be_patient(struct delivery *d)
{
	d->lost_at = 0;
}

/* Wait in slices, for room or for acknowledgements. */
static enum deliver_result
await(struct delivery *d, enum execlog_result (*wait)(struct execlog *, int))
{
	enum execlog_result result;

	while ((result = wait(d->log, SLICE_MS)) == EXECLOG_TIMEOUT) {
		if (interrupt_signal() != 0)
			return (DELIVER_INTERRUPTED);
		if (is_out_of_patience(d))
			break;
	}
	if (result == EXECLOG_OK)
		return (DELIVER_OK);
	deliver_explain(d);
	return (DELIVER_LOST);
}

/* What a call that queues has said: DELIVER_OK also for "try again". */
static enum deliver_result
judge(struct delivery *d, enum execlog_result result)
{
	switch (result) {
	case EXECLOG_OK:
		return (DELIVER_OK);
	case EXECLOG_WOULD_BLOCK:
		return (await(d, execlog_wait_room));
	case EXECLOG_INVALID:
		/* The daemon would say the same of it. */
		if (atomic_fetch_add(&d->refused, 1) < DELIVER_COMPLAINTS)
			complain("a record is too long");
		return (DELIVER_OK);
	default:
		deliver_explain(d);
		return (DELIVER_LOST);
	}
}

enum deliver_result
deliver_log(struct delivery *d, const struct execlog_record *r)
{
	enum deliver_result result;
	enum execlog_result said;

	do {
		said = execlog_log(d->log, r);
		result = judge(d, said);
	} while (said == EXECLOG_WOULD_BLOCK && result == DELIVER_OK);
	return (result);
}

enum deliver_result
deliver_event(struct delivery *d, const struct execlog_event *e)
{
	return (judge(d, execlog_event(d->log, e)));
}

enum deliver_result
deliver_open_capture(struct delivery *d,
    const struct execlog_capture_options *o, struct execlog_capture **capture)
{
	return (judge(d, execlog_capture_open(d->log, o, capture)));
}

enum deliver_result
deliver_feed(struct delivery *d, struct execlog_capture *c,
    enum execlog_stream stream, int64_t read_at, const char *p, size_t n,
    uint64_t *lines)
{
	enum deliver_result result;
	enum execlog_result said;
	size_t taken;

	do {
		said = execlog_capture_feed_at(c, stream, read_at, p, n,
		    &taken);
		for (n -= taken; taken > 0; taken--)
			*lines += *p++ == '\n';
		result = judge(d, said);
	} while (said == EXECLOG_WOULD_BLOCK && result == DELIVER_OK);
	return (result);
}

enum deliver_result
deliver_close_capture(struct delivery *d, struct execlog_capture *c)
{
	enum deliver_result result;
	enum execlog_result said;

	do {
		said = execlog_capture_close(c, NULL);
		result = judge(d, said);
	} while (said == EXECLOG_WOULD_BLOCK && result == DELIVER_OK);
	if (said == EXECLOG_WOULD_BLOCK)
		execlog_capture_abandon(c);
	return (result);
}

enum deliver_result
deliver_flush(struct delivery *d)
{
	return (await(d, execlog_flush));
}

uint64_t
deliver_close(struct delivery *d)
{
	unsigned long refused = atomic_load(&d->refused);
	uint64_t unacked = execlog_unacked(d->log);

	if (refused > DELIVER_COMPLAINTS)
		complain("%lu records were refused", refused);
	(void)execlog_close(d->log, 0);
	return (unacked);
}

int
deliver_outcome(struct delivery *d, enum deliver_result result, uint64_t lost)
{
	if (result == DELIVER_LOST)
		complain("%llu line%s not acknowledged: %s",
		    (unsigned long long)lost, lost == 1 ? " was" : "s were",
		    d->reason);
	else if (result == DELIVER_INTERRUPTED && lost > 0)
		complain("interrupted before the last %llu line%s acknowledged; "
		    "they may be stored", (unsigned long long)lost,
		    lost == 1 ? " was" : "s were");
	if (result == DELIVER_INTERRUPTED)
		return (EXIT_SIGNAL + interrupt_signal());
	if (result == DELIVER_LOST)
		return (EXIT_UNREACHABLE);
	return (atomic_load(&d->refused) > 0 ? EXIT_FAILURE_OTHER : EXIT_OK);
}
