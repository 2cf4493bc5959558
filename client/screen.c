#include "client/screen.h"

#include "client/durations.h"
#include "client/escape.h"
#include "client/numbers.h"
#include "client/options.h"
#include "client/table.h"
#include "client/times.h"
#include "client/wrap.h"
#include "proto/buf.h"
#include "proto/json.h"
#include "proto/size.h"

#define LABEL	13	/* columns of "state        " */

/* A text from the daemon, made safe. */
static void
put_text(struct buf *b, const struct options *o, struct span s)
{
	escape_put(b, s, !o->raw, false);
}

static struct span
text(const struct json_t *doc, const char *key)
{
	struct span s = SPAN_NONE;

	(void)jget_text(doc, key, &s);
	return (s);
}

static long long
count(const struct json_t *doc, const char *key)
{
	int64_t n = 0;

	(void)jget_i64(doc, key, &n);
	return (n);
}

static void
put_size(struct buf *b, const struct json_t *doc, const char *key)
{
	char size[SIZE_TEXT];

	buf_str(b, size_format(count(doc, key), size));
}

/* An object or array of plain values on a line: "frame-cut 3, bad-json 1". */
static void
put_members(struct buf *b, const struct options *o, struct span object)
{
	struct buf line = { 0 };
	size_t i;

	for (i = 1; i + 1 < object.n; i++) {
		if (object.p[i] == ':')
			buf_char(&line, ' ');
		else if (object.p[i] == ',')
			buf_str(&line, ", ");
		else if (object.p[i] != '"')
			buf_char(&line, object.p[i]);
	}
	if (line.n > 0)
		put_text(b, o, buf_text(&line));
	buf_free(&line);
}

static void
put_labelled(struct buf *b, const struct options *o, const char *label,
    struct span object)
{
	if (object.n <= 2)
		return;
	buf_printf(b, "%-*s", LABEL, label);
	put_members(b, o, object);
	buf_char(b, '\n');
}

static void
put_state(struct buf *b, const struct options *o, const struct json_t *doc)
{
	struct span state = text(doc, "state"), reason = text(doc, "reason");
	struct span advice = text(doc, "advice"), note = text(doc, "note");
	bool ok = span_is(state, "ok");

	buf_printf(b, "state        %s", !o->color ? "" : ok ? "\033[32m" :
	    "\033[31m");
	put_text(b, o, state);
	buf_str(b, o->color ? "\033[0m" : "");
	if (reason.p != NULL) {
		buf_str(b, ": ");
		put_text(b, o, reason);
	}
	if (advice.p != NULL) {
		buf_str(b, "\nto do        ");
		put_text(b, o, advice);
	}
	if (note.p != NULL) {
		buf_str(b, "\nnote         ");
		put_text(b, o, note);
	}
	buf_char(b, '\n');
}

static void
put_versions(struct buf *b, const struct options *o, const struct json_t *doc,
    struct span s)
{
	struct span defects = jtext_member(s, "sqlite_defects");
	long long up = count(doc, "uptime_s");
	char since[DURATIONS_TEXT];

	buf_str(b, "version      ");
	put_text(b, o, text(doc, "version"));
	durations_format(up < INT64_MAX / 1000 ? up * 1000 : -1, since);
	buf_printf(b, ", schema %lld, up %s\nSQLite       ",
	    count(doc, "schema_version"), since);
	put_text(b, o, text(doc, "sqlite_version"));
	if (defects.n > 2) {
		buf_str(b, "; known defects, worked around: ");
		put_members(b, o, defects);
	}
	buf_char(b, '\n');
}

static void
put_rows(struct buf *b, const struct json_t *doc, struct span s)
{
	char log[NUMBERS_TEXT], audit[NUMBERS_TEXT];

	if (span_is(jtext_member(s, "log_rows"), "null")) {
		buf_str(b, "rows         unknown\n");
		return;
	}
	numbers_group((uint64_t)count(doc, "log_rows"), log);
	numbers_group((uint64_t)count(doc, "audit_rows"), audit);
	buf_printf(b, "rows         %s log, %s audit", log, audit);
	if (span_is(jtext_member(s, "counting"), "true"))
		buf_str(b, " (about: still counting)");
	buf_str(b, "\nbytes        ");
	put_size(b, doc, "log_bytes");
	buf_str(b, " log, ");
	put_size(b, doc, "audit_bytes");
	buf_str(b, " audit\n");
}

static void
put_work(struct buf *b, const struct json_t *doc, struct span s)
{
	struct span rate = jtext_member(s, "rows_per_s");

	buf_printf(b, "since start  %lld rows in %lld commits, %lld retries, "
	    "%lld refused, %lld lines dropped, %lld streams lost, held back "
	    "%lld times\n", count(doc, "committed_rows"),
	    count(doc, "commits"), count(doc, "retries"),
	    count(doc, "refused"), count(doc, "dropped_lines"),
	    count(doc, "lost_streams"), count(doc, "held_back"));
	buf_printf(b, "now          %.*s rows/s, %lld pending (",
	    (int)(rate.p != NULL ? rate.n : 1), rate.p != NULL ? rate.p : "?",
	    count(doc, "pending_rows"));
	put_size(b, doc, "pending_bytes");
	buf_str(b, ")\n");
}

static void
put_people(struct buf *b, const struct json_t *doc)
{
	long long others = count(doc, "connections");

	buf_printf(b, "connections  %lld beside this one; producers %lld, "
	    "followers %lld, streams %lld\n", others > 0 ? others - 1 : 0,
	    count(doc, "producers"), count(doc, "followers"),
	    count(doc, "streams"));
}

/* 30 days, or for ever. */
static void
put_days(struct buf *b, const struct json_t *doc, const char *key)
{
	long long days = count(doc, key);

	if (days == 0)
		buf_str(b, "for ever");
	else
		buf_printf(b, "%lld day%s", days, days == 1 ? "" : "s");
}

static void
put_time(struct buf *b, const struct options *o, const struct json_t *doc,
    const char *key)
{
	char at[TIMES_TEXT];

	times_format_seconds(count(doc, key), o->local, at);
	buf_str(b, at);
}

/* What is kept how long, and when what is older goes. */
static void
put_retention(struct buf *b, const struct options *o, struct json_t *doc)
{
	struct span state = text(doc, "state");

	buf_str(b, "retention    log ");
	put_days(b, doc, "days");
	buf_str(b, ", of failed executions ");
	put_days(b, doc, "keep_failed_days");
	buf_str(b, "; audit ");
	put_days(b, doc, "audit_days");
	if (count(doc, "max_log_bytes") > 0) {
		buf_str(b, "; at most ");
		put_size(b, doc, "max_log_bytes");
		buf_str(b, " of log");
	}
	buf_str(b, "\nnext sweep   ");
	if (span_is(state, "off"))
		buf_str(b, "none: everything is kept");
	else if (span_is(state, "waiting"))
		buf_str(b, "when the clock is right, or said to be");
	else if (span_is(state, "failing"))
		buf_str(b, "it is tried again");
	else if (span_is(state, "due"))
		buf_str(b, "now, when it has its turn");
	else
		put_time(b, o, doc, "next_sweep_at");
	buf_char(b, '\n');
}

static void
put_sweep(struct buf *b, const struct options *o, const struct json_t *doc,
    bool running)
{
	char expected[NUMBERS_TEXT];

	buf_str(b, running ? "this sweep   " : "last sweep   ");
	put_time(b, o, doc, "started_at");
	buf_str(b, " (");
	put_text(b, o, text(doc, "cause"));
	buf_str(b, running ? "), so far " : "), ");
	numbers_put(b, count(doc, "rows"), "row");
	if (running && count(doc, "expected") > 0) {
		numbers_group((uint64_t)count(doc, "expected"), expected);
		buf_printf(b, " of ~%s", expected);
	}
	buf_str(b, " and ");
	numbers_put(b, count(doc, "events"), "event");
	buf_str(b, " removed, ");
	numbers_put(b, count(doc, "spared"), "execution");
	buf_str(b, " spared\n");
}

/* Both as the daemon has them, or nothing. */
static void
put_sweeps(struct buf *b, const struct options *o, struct span s)
{
	struct json_t *retention = jdoc_parse(jtext_member(s, "retention"));
	struct json_t *last = jdoc_parse(jtext_member(s, "last_sweep"));

	if (retention != NULL)
		put_retention(b, o, retention);
	if (last != NULL)
		put_sweep(b, o, last, retention != NULL &&
		    span_is(text(retention, "state"), "running"));
	jdoc_free(retention);
	jdoc_free(last);
}

static void
put_file(struct buf *b, const struct options *o, const struct json_t *doc,
    struct span s)
{
	buf_str(b, "database     ");
	put_size(b, doc, "db_bytes");
	buf_str(b, "; reclaimable ");
	put_size(b, doc, "reclaimable_bytes");
	buf_str(b, "; its log ");
	put_size(b, doc, "wal_bytes");
	buf_str(b, span_is(jtext_member(s, "shared"), "true") ?
	    "; shared with others\n" : "\n");
	put_labelled(b, o, "checkpoint", jtext_member(s, "checkpoint"));
	put_sweeps(b, o, s);
}

static void
put_all(struct buf *b, const struct options *o, const struct json_t *doc,
    struct span s)
{
	static const char *const figures[][2] = {
		{ "ack, ms", "ack_wait_ms" },
		{ "lock, ms", "lock_hold_ms" },
		{ "gap, ms", "lock_gap_ms" },
		{ "wait, ms", "lock_wait_ms" },
		{ "commit, ms", "commit_ms" },
		{ "batch, rows", "batch_rows" },
	};
	size_t i;

	put_state(b, o, doc);
	put_versions(b, o, doc, s);
	put_rows(b, doc, s);
	put_work(b, doc, s);
	put_people(b, doc);
	put_labelled(b, o, "faults", jtext_member(s, "faults"));
	for (i = 0; i < sizeof figures / sizeof figures[0]; i++)
		put_labelled(b, o, figures[i][0],
		    jtext_member(s, figures[i][1]));
	put_file(b, o, doc, s);
}

void
screen_put(struct buf *b, const struct options *o, struct span s)
{
	struct json_t *doc = jdoc_parse(s);
	struct buf lines = { 0 };

	if (doc == NULL)
		return;
	put_all(&lines, o, doc, s);
	wrap_put(b, buf_text(&lines), LABEL, table_terminal());
	buf_free(&lines);
	jdoc_free(doc);
}
