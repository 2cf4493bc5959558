#include "daemon/status.h"

#include "daemon/meter.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/version.h"

static void
put_count(struct buf *b, const char *key, uint64_t n)
{
	jput_i64(b, key, n < INT64_MAX ? (int64_t)n : INT64_MAX);
}

static void
put_null(struct buf *b, const char *key)
{
	jput_key(b, key);
	buf_str(b, "null");
}

/* Why all is not well; NULL if it is. */
static const char *
reason(const struct status *s)
{
	if (s->ingest.degraded)
		return (s->ingest.reason);
	if (s->unreadable != NULL)
		return (s->unreadable);
	if (s->counts.incidents > 0)
		return ("acknowledged records are missing, this file is an "
		    "older one: see execlog_incidents");
	if (s->counts.unguarded)
		return ("the audit trail is not append-only: a trigger of ours "
		    "is gone or changed; a restart of execlogd makes it again");
	if (s->counts.uninstalled)
		return ("the triggers on executions that were installed are "
		    "gone: audit events and state may drift apart, see "
		    "docs/engine.md");
	if (s->blocked)
		return ("another process reads an old state of the file: its "
		    "log cannot be copied back and grows");
	return (NULL);
}

static void
put_health(struct buf *b, const struct status *s)
{
	const char *why = reason(s);

	jput_text(b, "state", span_of(why != NULL ? "degraded" : "ok"));
	if (why != NULL)
		jput_text(b, "reason", span_of(why));
	else
		put_null(b, "reason");
	if (s->ingest.uncounted != NULL)
		jput_text(b, "note", span_of(s->ingest.uncounted));
	else
		put_null(b, "note");
}

static void
put_rows(struct buf *b, const struct status *s)
{
	if (s->unreadable != NULL) {
		put_null(b, "log_rows");
		put_null(b, "audit_rows");
		put_null(b, "incidents");
		return;
	}
	jput_i64(b, "log_rows", s->counts.log);
	jput_i64(b, "audit_rows", s->counts.audit);
	jput_i64(b, "incidents", s->counts.incidents);
}

/* ms with three decimals, from whole us. */
static void
put_ms(struct buf *b, const char *key, int64_t us)
{
	jput_key(b, key);
	buf_printf(b, "%lld.%03d", (long long)(us / 1000), (int)(us % 1000));
}

static void
put_times(struct buf *b, const char *key, const struct hist *us)
{
	jput_key(b, key);
	buf_char(b, '{');
	put_ms(b, "p50", hist_quantile(us, 500));
	put_ms(b, "p99", hist_quantile(us, 990));
	put_ms(b, "max", us->max);
	buf_char(b, '}');
}

/* What the commits were like since the start. */
static void
put_meter(struct buf *b, const struct meter *m)
{
	put_count(b, "committed_rows", m->rows);
	put_count(b, "commits", m->commits);
	put_times(b, "lock_hold_ms", &m->hold);
	put_times(b, "lock_gap_ms", &m->gap);
	put_times(b, "lock_wait_ms", &m->wait);
	put_times(b, "commit_ms", &m->commit);
	put_times(b, "ack_wait_ms", &m->ack);
	jput_key(b, "batch_rows");
	buf_char(b, '{');
	jput_i64(b, "p50", hist_quantile(&m->batch_rows, 500));
	jput_i64(b, "p99", hist_quantile(&m->batch_rows, 990));
	jput_i64(b, "max", m->batch_rows.max);
	buf_char(b, '}');
}

/* Only those that have happened. */
static void
put_faults(struct buf *b, const uint64_t *faults)
{
	int i;

	jput_key(b, "faults");
	buf_char(b, '{');
	for (i = FAULT_NONE + 1; i < FAULT_COUNT; i++)
		if (faults[i] > 0)
			put_count(b, fault_code((enum fault)i), faults[i]);
	buf_char(b, '}');
}

void
status_put(struct buf *b, const struct status *s)
{
	const struct ingest_figures *f = &s->ingest;
	size_t mark = frame_begin(b, FRAME_STATUS);

	buf_char(b, '{');
	put_health(b, s);
	jput_text(b, "version", span_of(EXECLOG_VERSION));
	jput_text(b, "sqlite_version", span_of(s->sqlite_version));
	jput_i64(b, "uptime_s", s->uptime_s);
	put_rows(b, s);
	put_count(b, "pending_rows", f->pending_rows);
	put_count(b, "pending_bytes", f->pending_bytes);
	put_count(b, "retries", f->retries);
	put_count(b, "refused", f->refused);
	put_count(b, "connections", s->connections);
	put_count(b, "producers", f->producers);
	put_count(b, "followers", s->followers);
	put_count(b, "streams", f->streams);
	put_count(b, "lost_streams", f->lost_streams);
	put_count(b, "dropped_lines", f->dropped_lines);
	jput_i64(b, "db_bytes", s->db_bytes);
	jput_i64(b, "wal_bytes", s->wal_bytes);
	jput_bool(b, "shared", f->shared);
	put_meter(b, f->meter);
	put_null(b, "last_sweep");
	put_faults(b, s->faults);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}
