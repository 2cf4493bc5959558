#include "client/exposition.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/json.h"

/* One with a number of its own.  Counters count from the daemon's start. */
static const struct metric {
	const char	*key;
	const char	*name;
	const char	*type;
	const char	*help;
} metrics[] = {
	{ "uptime_s", "uptime_seconds", "gauge", "Time since the start." },
	{ "schema_version", "schema_version", "gauge",
	    "Newest migration of the file." },
	{ "log_rows", "log_rows", "gauge", "Rows in execution_logs." },
	{ "audit_rows", "audit_rows", "gauge",
	    "Rows in execution_audit_events." },
	{ "log_bytes", "log_bytes", "gauge",
	    "Bytes of the values in execution_logs." },
	{ "audit_bytes", "audit_bytes", "gauge",
	    "Bytes of the values in execution_audit_events." },
	{ "db_bytes", "db_bytes", "gauge", "Size of the database file." },
	{ "wal_bytes", "wal_bytes", "gauge", "Size of its write-ahead log." },
	{ "reclaimable_bytes", "reclaimable_bytes", "gauge",
	    "Free pages in the file." },
	{ "incidents", "incidents", "gauge",
	    "Unconfirmed losses of acknowledged records." },
	{ "committed_rows", "committed_rows_total", "counter",
	    "Rows committed." },
	{ "commits", "commits_total", "counter", "Transactions committed." },
	{ "retries", "commit_retries_total", "counter",
	    "Commits that had to be tried again." },
	{ "rows_per_s", "rows_per_second", "gauge",
	    "Rows committed a second, in the last ten seconds." },
	{ "pending_rows", "pending_rows", "gauge",
	    "Rows taken in and not committed." },
	{ "pending_bytes", "pending_bytes", "gauge",
	    "Bytes taken in and not committed." },
	{ "held_back", "held_back_total", "counter",
	    "Times that producers were not read, for too much was pending." },
	{ "refused", "refused_records_total", "counter",
	    "Records whose values could not be stored." },
	{ "dropped_lines", "dropped_lines_total", "counter",
	    "Lines beyond --stream-max." },
	{ "lost_streams", "lost_streams_total", "counter",
	    "Streams whose producer vanished." },
	{ "connections", "connections", "gauge", "Connections, with this." },
	{ "producers", "producers", "gauge", "Producers." },
	{ "followers", "followers", "gauge", "Followers." },
	{ "streams", "streams", "gauge", "Streams that are open." },
};

/* Of an object. */
static const struct {
	const char	*object;
	struct metric	 metric;
	bool		 is_ms;
} members[] = {
	{ "checkpoint", { "passes", "checkpoints_total", "counter",
	    "Passes that copied the log back." }, false },
	{ "checkpoint", { "failures", "checkpoint_failures_total", "counter",
	    "Of them, those that failed." }, false },
	{ "retention", { "days", "retention_days", "gauge",
	    "Days that log rows are kept; 0: for ever." }, false },
	{ "retention", { "keep_failed_days", "keep_failed_days", "gauge",
	    "The same, of failed executions." }, false },
	{ "retention", { "audit_days", "audit_retention_days", "gauge",
	    "The same, of audit events." }, false },
	{ "retention", { "max_log_bytes", "max_log_bytes", "gauge",
	    "Ceiling for log rows; 0: none." }, false },
	{ "retention", { "next_sweep_at", "next_sweep_timestamp_seconds",
	    "gauge", "When the next daily sweep begins." }, true },
	{ "last_sweep", { "started_at", "last_sweep_timestamp_seconds",
	    "gauge", "When the newest sweep began." }, true },
	{ "last_sweep", { "rows", "last_sweep_rows", "gauge",
	    "Rows that it has removed, so far." }, false },
};

/* Objects with p50, p99 and max, in ms, or a plain number. */
static const struct {
	const char	*key;
	const char	*name;
	bool		 is_ms;
	const char	*help;
} distributions[] = {
	{ "lock_hold_ms", "lock_hold_seconds", true,
	    "How long a commit held the write lock." },
	{ "lock_gap_ms", "lock_gap_seconds", true,
	    "How long the lock was left alone between two commits." },
	{ "lock_wait_ms", "lock_wait_seconds", true,
	    "How long a commit waited for the lock." },
	{ "commit_ms", "commit_seconds", true, "How long COMMIT took." },
	{ "ack_wait_ms", "ack_wait_seconds", true,
	    "From a commit's first record to its acknowledgement." },
	{ "batch_rows", "batch_rows", false, "Rows of a commit." },
};

static void
put_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP execlog_%s %s\n# TYPE execlog_%s %s\n", name,
	    help, name, type);
}

static bool
is_number(struct span s)
{
	return (s.n > 0 && (*s.p == '-' || (*s.p >= '0' && *s.p <= '9')));
}

/* Backslash, quote and line end are escaped, and no more. */
static void
put_label(struct buf *b, const char *name, struct span value)
{
	size_t i;

	buf_printf(b, "%s=\"", name);
	for (i = 0; i < value.n; i++) {
		if (value.p[i] == '\n')
			buf_str(b, "\\n");
		else {
			if (value.p[i] == '"' || value.p[i] == '\\')
				buf_char(b, '\\');
			buf_char(b, value.p[i]);
		}
	}
	buf_char(b, '"');
}

/* ms are seconds with the point three places to the left. */
static void
put_value(struct buf *b, struct span value, bool is_ms)
{
	buf_printf(b, " %.*s%s\n", (int)value.n, value.p, is_ms ? "e-3" : "");
}

static void
put_metric(struct buf *b, const struct metric *m, struct span value,
    bool is_ms)
{
	if (!is_number(value))
		return;
	put_head(b, m->name, m->type, m->help);
	buf_printf(b, "execlog_%s", m->name);
	put_value(b, value, is_ms);
}

static void
put_distribution(struct buf *b, size_t i, struct span object)
{
	static const char *const quantiles[][2] = { { "p50", "0.5" },
	    { "p99", "0.99" } };
	const char *name = distributions[i].name;
	bool is_ms = distributions[i].is_ms;
	struct span value;
	size_t q;

	if (object.n == 0 || *object.p != '{')
		return;
	put_head(b, name, "summary", distributions[i].help);
	for (q = 0; q < 2; q++) {
		value = jtext_member(object, quantiles[q][0]);
		if (!is_number(value))
			continue;
		buf_printf(b, "execlog_%s{quantile=\"%s\"}", name,
		    quantiles[q][1]);
		put_value(b, value, is_ms);
	}
	value = jtext_member(object, "max");
	if (!is_number(value))
		return;
	buf_printf(b, "# HELP execlog_%s_max The longest of them.\n"
	    "# TYPE execlog_%s_max gauge\nexeclog_%s_max", name, name, name);
	put_value(b, value, is_ms);
}

/* Connections that were closed, by the code of the fault. */
static void
put_faults(struct buf *b, struct span object)
{
	const char *p = object.p, *end = object.p + object.n, *code, *colon;

	put_head(b, "faults_total", "counter",
	    "Connections closed for broken frames.");
	while (object.n > 2 && (code = memchr(p, '"', (size_t)(end - p))) !=
	    NULL) {
		code++;
		p = memchr(code, '"', (size_t)(end - code));
		if (p == NULL || (colon = memchr(p, ':', (size_t)(end - p))) ==
		    NULL)
			break;
		buf_str(b, "execlog_faults_total{");
		put_label(b, "code", (struct span){ code,
		    (size_t)(p - code) });
		for (p = ++colon; p < end && *p >= '0' && *p <= '9'; p++)
			;
		buf_str(b, "}");
		put_value(b, (struct span){ colon, (size_t)(p - colon) },
		    false);
	}
}

static void
put_info(struct buf *b, struct span status)
{
	struct json_t *doc = jdoc_parse(status);
	struct span version = SPAN_NONE, sqlite = SPAN_NONE, state = SPAN_NONE;

	if (doc == NULL)
		return;
	(void)jget_text(doc, "version", &version);
	(void)jget_text(doc, "sqlite_version", &sqlite);
	(void)jget_text(doc, "state", &state);
	put_head(b, "info", "gauge", "Versions.");
	buf_str(b, "execlog_info{");
	put_label(b, "version", version);
	buf_char(b, ',');
	put_label(b, "sqlite_version", sqlite);
	buf_str(b, "} 1\n");
	put_head(b, "degraded", "gauge", "1 when something is wrong.");
	buf_printf(b, "execlog_degraded %d\n", !span_is(state, "ok"));
	jdoc_free(doc);
}

void
exposition_put(struct buf *b, struct span status)
{
	size_t i;

	put_info(b, status);
	for (i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
		put_metric(b, &metrics[i], jtext_member(status,
		    metrics[i].key), false);
	for (i = 0; i < sizeof members / sizeof members[0]; i++)
		put_metric(b, &members[i].metric, jtext_member(jtext_member(
		    status, members[i].object), members[i].metric.key),
		    members[i].is_ms);
	put_head(b, "sweep_running", "gauge", "1 while rows are removed.");
	buf_printf(b, "execlog_sweep_running %d\n", span_is(jtext_member(
	    jtext_member(status, "retention"), "state"), "\"running\""));
	for (i = 0; i < sizeof distributions / sizeof distributions[0]; i++)
		put_distribution(b, i, jtext_member(status,
		    distributions[i].key));
	put_faults(b, jtext_member(status, "faults"));
}
