#include "daemon/status.h"

#include <string.h>

#include "daemon/meter.h"
#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/version.h"
#include "sql/schema.h"
#include "sql/store.h"

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

/* What to do about a failing file. */
static const char *
advise(enum sql_result result, int64_t days)
{
	switch (result) {
	case SQL_BUSY:
		return ("somebody holds the write lock: see who has the file "
		    "open (fuser), and end a transaction that hangs");
	case SQL_FULL:
		return (days > 0 ? "make room on the disk, or start execlogd "
		    "with a shorter --retention-days; it goes on by itself" :
		    "make room on the disk, or start execlogd with "
		    "--retention-days: nothing is removed without; it goes on "
		    "by itself");
	case SQL_SPENT:
		return ("restore a backup; or stop execlogd, delete that row "
		    "and set seq of its table back in sqlite_sequence "
		    "(of audit events nothing can be deleted)");
	case SQL_FOREIGN:
		return ("drop what stands in the way (sqlite3 FILE 'DROP "
		    "TRIGGER name'), or, where tables of execlog are missing, "
		    "stop execlogd and run execlog migrate up --db FILE");
	case SQL_CORRUPT:
		return ("stop execlogd, keep FILE, and restore a backup");
	default:
		return ("see the log of execlogd; it goes on by itself when "
		    "that is mended");
	}
}

/* What is wrong, and what to do; why NULL: it is not. */
struct trouble {
	const char	*why;
	const char	*advice;
};

static struct trouble
trouble_of(const struct status *s, const struct sql_error *e)
{
	if (e == NULL)
		return ((struct trouble){ 0 });
	return ((struct trouble){ e->text,
	    advise(e->result, s->retention.config.days) });
}

static struct trouble
trouble_if(bool is, const char *why, const char *advice)
{
	return ((struct trouble){ is ? why : NULL, advice });
}

/* The worst first. */
static struct trouble
worst(const struct status *s)
{
	const struct trouble all[] = {
		trouble_if(s->ingest.degraded, s->ingest.reason,
		    advise(s->ingest.result, s->retention.config.days)),
		{ s->unreadable, "see the log of execlogd, and whether the "
		    "file is whole" },
		trouble_if(s->counts.incidents > 0, "acknowledged records are "
		    "missing, this file is an older one: see "
		    "execlog_incidents", "find out what was lost, then set "
		    "confirmed_at in execlog_incidents"),
		trouble_if(s->counts.unguarded, "the audit trail is not "
		    "append-only: a trigger of ours is gone or changed",
		    "restart execlogd (systemctl restart execlogd): it makes "
		    "the trigger again"),
		trouble_if(s->counts.uninstalled, "the triggers on executions "
		    "that were installed are gone: audit events and state may "
		    "drift apart, see docs/engine.md", "install them again: "
		    "sqlite3 -bail FILE "
		    "</usr/local/share/execlog/state_change_trigger.sql"),
		trouble_if(s->counts.unrecorded, "the table execlog_schema, "
		    "which records the version of the file, is lost or "
		    "damaged: execlogd would not start again", "drop it, if "
		    "it is there, and bring it back from a backup: sqlite3 "
		    "BACKUP '.dump execlog_schema' | sqlite3 FILE"),
		{ s->retention.doubt, "set the clock right, or run execlog "
		    "sweep --yes if it is" },
		trouble_of(s, s->retention.error),
		trouble_of(s, s->ingest.unfolded),
		trouble_if(s->retention.blind, "retention removes no rows: "
		    "the engine's table executions has no index on "
		    "execution_id and takes too long to read, so that any "
		    "execution may be running", "sqlite3 FILE 'CREATE INDEX "
		    "executions_by_id ON executions(execution_id)'"),
		trouble_if(s->retention.over > 0, "the log table is larger "
		    "than --max-log-bytes: what the last sweep has left are "
		    "rows of running executions", "end executions that hang "
		    "(execlog list --state RUNNING), then execlog sweep, which "
		    "is also tried every hour; or choose a larger "
		    "--max-log-bytes"),
		trouble_of(s, s->checkpoint.failed),
		trouble_if(s->checkpoint.blocked, "another process reads an "
		    "old state of the file, or does not end a checkpoint: its "
		    "log cannot be copied back and grows", "end the process "
		    "that keeps a read transaction or a checkpoint (fuser "
		    "shows who has the file)"),
	};
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i].why != NULL)
			return (all[i]);
	return ((struct trouble){ 0 });
}

/* With the path in place of the word FILE. */
static void
put_advice(struct buf *b, const char *advice, const char *path)
{
	struct buf text = { 0 };
	const char *word;

	while ((word = strstr(advice, "FILE")) != NULL) {
		buf_add(&text, advice, (size_t)(word - advice));
		buf_str(&text, path);
		advice = word + 4;
	}
	buf_str(&text, advice);
	jput_text(b, "advice", buf_text(&text));
	buf_free(&text);
}

static void
put_health(struct buf *b, const struct status *s)
{
	const struct trouble t = worst(s);

	jput_text(b, "state", span_of(t.why != NULL ? "degraded" : "ok"));
	if (t.why != NULL)
		jput_text(b, "reason", span_of(t.why));
	else
		put_null(b, "reason");
	if (t.why != NULL)
		put_advice(b, t.advice, s->path);
	else if (s->census.is_large)
		jput_text(b, "advice", span_of(s->retention.config.days > 0 ?
		    "the log table is larger than --warn-log-bytes: choose a "
		    "shorter --retention-days" : "the log table is larger than "
		    "--warn-log-bytes, and nothing is ever removed: set "
		    "--retention-days"));
	else
		put_null(b, "advice");
	if (s->ingest.uncounted != NULL)
		jput_text(b, "note", span_of(s->ingest.uncounted));
	else
		put_null(b, "note");
}

static void
put_versions(struct buf *b, const struct status *s)
{
	const char *defect;
	size_t i;

	jput_text(b, "version", span_of(EXECLOG_VERSION));
	jput_text(b, "sqlite_version", span_of(s->sqlite_version));
	jput_key(b, "sqlite_defects");
	for (i = 0; (defect = store_sqlite_defect(i)) != NULL; i++) {
		buf_char(b, i == 0 ? '[' : ',');
		jput_string(b, span_of(defect));
	}
	buf_str(b, i == 0 ? "[]" : "]");
	jput_i64(b, "schema_version", schema_newest());
}

static void
put_checkpoint(struct buf *b, const struct checkpointer_figures *f)
{
	jput_key(b, "checkpoint");
	buf_char(b, '{');
	jput_i64(b, "frames", f->frames);
	put_count(b, "passes", f->passes);
	put_count(b, "failures", f->failures);
	jput_bool(b, "blocked", f->blocked);
	buf_char(b, '}');
}

static void
put_rows(struct buf *b, const struct status *s)
{
	static const char *const keys[] = { "log_rows", "audit_rows",
	    "log_bytes", "audit_bytes", "reclaimable_bytes", "incidents" };
	const struct volume *log = &s->census.table[TALLY_LOG];
	const struct volume *audit = &s->census.table[TALLY_AUDIT];
	size_t i;

	jput_bool(b, "counting", s->census.counting);
	if (s->unreadable != NULL) {
		for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
			put_null(b, keys[i]);
		return;
	}
	jput_i64(b, "log_rows", log->rows);
	jput_i64(b, "audit_rows", audit->rows);
	jput_i64(b, "log_bytes", log->bytes);
	jput_i64(b, "audit_bytes", audit->bytes);
	jput_i64(b, "reclaimable_bytes", s->counts.free_bytes);
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

static void
put_retention(struct buf *b, const struct retention_figures *f)
{
	static const char *const now[] = {
		[RETENTION_NOW_OFF] = "off",
		[RETENTION_NOW_IDLE] = "idle",
		[RETENTION_NOW_DUE] = "due",
		[RETENTION_NOW_RUNNING] = "running",
		[RETENTION_NOW_WAITING] = "waiting",
		[RETENTION_NOW_FAILING] = "failing",
	};

	jput_key(b, "retention");
	buf_char(b, '{');
	jput_text(b, "state", span_of(now[f->now]));
	jput_i64(b, "days", f->config.days);
	jput_i64(b, "keep_failed_days", f->config.failed_days);
	jput_i64(b, "audit_days", f->config.audit_days);
	jput_i64(b, "max_log_bytes", f->config.max_bytes);
	if (f->next_at != 0)
		jput_i64(b, "next_sweep_at", f->next_at);
	else
		put_null(b, "next_sweep_at");
	buf_char(b, '}');
}

static void
put_sweep(struct buf *b, const struct sweep *s)
{
	if (s->id == 0) {
		put_null(b, "last_sweep");
		return;
	}
	jput_key(b, "last_sweep");
	buf_char(b, '{');
	jput_text(b, "cause", span_of(s->cause));
	jput_i64(b, "started_at", s->started_at);
	if (s->ended_at != 0)
		jput_i64(b, "ended_at", s->ended_at);
	else
		put_null(b, "ended_at");
	jput_i64(b, "rows", s->rows);
	jput_i64(b, "events", s->events);
	jput_i64(b, "spared", s->spared);
	jput_i64(b, "expected", s->expected);
	jput_i64(b, "steps", s->steps);
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
	put_versions(b, s);
	jput_i64(b, "uptime_s", s->uptime_s);
	put_rows(b, s);
	put_count(b, "pending_rows", f->pending_rows);
	put_count(b, "pending_bytes", f->pending_bytes);
	put_count(b, "retries", f->retries);
	put_count(b, "held_back", f->held_back);
	jput_key(b, "rows_per_s");
	buf_printf(b, "%.1f", f->rows_per_s);
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
	put_checkpoint(b, &s->checkpoint);
	put_meter(b, f->meter);
	put_retention(b, &s->retention);
	put_sweep(b, &s->retention.last);
	put_faults(b, s->faults);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}
