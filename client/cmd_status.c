/*
 * status and ping: is the daemon well?
 */
#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/link.h"
#include "client/print.h"
#include "proto/json.h"
#include "proto/request.h"
#include "proto/version.h"

#define ANSWER_MS	10000	/* longest wait for STATUS */

/* Ask; the body is valid until the link is used again. */
static int
ask(const struct options *o, struct link *l, struct span *body)
{
	const struct request request = { .kind = REQUEST_STATUS };
	struct welcome welcome;
	struct frame f;
	enum link_result result;

	if (!link_open(l, o->socket, interrupt_fd(), 0,
	    &(struct hello){ .role = ROLE_READ }, "execlog " EXECLOG_VERSION,
	    &welcome))
		return (options_unreachable(o, l->reason));
	(void)request_put(&l->out, &request);
	(void)link_push(l);
	while ((result = link_next(l, &f, ANSWER_MS)) == LINK_OK)
		if (f.type == FRAME_STATUS) {
			*body = f.body;
			if (jtext_is_object(f.body))
				return (EXIT_OK);
			complain("the daemon sent a status that is no object");
			return (EXIT_FAILURE_OTHER);
		}
	if (result == LINK_WOKEN)
		return (EXIT_SIGNAL + interrupt_signal());
	return (options_unreachable(o, result == LINK_LOST ? l->reason :
	    LINK_NO_ANSWER " in time"));
}

/* A text from the daemon, made safe. */
static void
print_text(const struct options *o, struct span s)
{
	struct buf b = { 0 };

	escape_put(&b, s, !o->raw, false);
	if (!b.failed && b.n > 0)
		(void)fwrite(b.p, 1, b.n, stdout);
	buf_free(&b);
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
print_size(const struct json_t *doc, const char *key)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB",
	    "TiB" };
	double n = (double)count(doc, key);
	size_t unit = 0;

	for (; n >= 1024 && unit < 4; unit++)
		n /= 1024;
	(void)printf("%.*f %s", unit == 0 ? 0 : 1, n, units[unit]);
}

/* 2d 3h, 3h 4m, 1m 30s, 5s: the two largest units. */
static void
print_duration(long long s)
{
	if (s >= 86400)
		(void)printf("%lldd %lldh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		(void)printf("%lldh %lldm", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		(void)printf("%lldm %llds", s / 60, s % 60);
	else
		(void)printf("%llds", s);
}

static void
print_state(const struct options *o, const struct json_t *doc)
{
	struct span state = text(doc, "state"), reason = text(doc, "reason");
	struct span note = text(doc, "note");
	bool ok = span_is(state, "ok");

	(void)printf("state        %s", !o->color ? "" : ok ? "\033[32m" :
	    "\033[31m");
	print_text(o, state);
	(void)fputs(o->color ? "\033[0m" : "", stdout);
	if (reason.p != NULL) {
		(void)fputs(": ", stdout);
		print_text(o, reason);
	}
	if (note.p != NULL) {
		(void)fputs("\nnote         ", stdout);
		print_text(o, note);
	}
	(void)fputs("\nversion      ", stdout);
	print_text(o, text(doc, "version"));
	(void)fputs(" (SQLite ", stdout);
	print_text(o, text(doc, "sqlite_version"));
	(void)fputs("), up ", stdout);
	print_duration(count(doc, "uptime_s"));
	(void)putchar('\n');
}

/* The members of an object on a line: "frame-cut 3, bad-json 1". */
static void
print_members(const struct options *o, const char *label, struct span object)
{
	struct buf b = { 0 };
	size_t i;

	if (object.n <= 2)
		return;
	for (i = 1; i < object.n - 1; i++) {
		if (object.p[i] == ':')
			buf_char(&b, ' ');
		else if (object.p[i] == ',')
			buf_str(&b, ", ");
		else if (object.p[i] != '"')
			buf_char(&b, object.p[i]);
	}
	(void)printf("%-13s", label);
	print_text(o, buf_text(&b));
	(void)putchar('\n');
	buf_free(&b);
}

static void
print_table(const struct options *o, struct span s)
{
	static const char *const figures[][2] = {
		{ "ack, ms", "ack_wait_ms" },
		{ "lock, ms", "lock_hold_ms" },
		{ "gap, ms", "lock_gap_ms" },
		{ "wait, ms", "lock_wait_ms" },
		{ "commit, ms", "commit_ms" },
		{ "batch, rows", "batch_rows" },
	};
	struct json_t *doc = jdoc_parse(s);
	long long others = count(doc, "connections");
	size_t i;

	print_state(o, doc);
	if (span_is(jtext_member(s, "log_rows"), "null"))
		(void)puts("rows         unknown");
	else
		(void)printf("rows         %lld log, %lld audit\n",
		    count(doc, "log_rows"), count(doc, "audit_rows"));
	(void)printf("since start  %lld rows in %lld commits, %lld retries, "
	    "%lld refused\n", count(doc, "committed_rows"),
	    count(doc, "commits"), count(doc, "retries"),
	    count(doc, "refused"));
	(void)printf("pending      %lld rows\n", count(doc, "pending_rows"));
	(void)printf("connections  %lld beside this one, %lld producers, "
	    "%lld followers\n", others > 0 ? others - 1 : 0,
	    count(doc, "producers"), count(doc, "followers"));
	print_members(o, "faults", jtext_member(s, "faults"));
	for (i = 0; i < sizeof figures / sizeof figures[0]; i++)
		print_members(o, figures[i][0],
		    jtext_member(s, figures[i][1]));
	(void)fputs("database     ", stdout);
	print_size(doc, "db_bytes");
	(void)fputs(", its log ", stdout);
	print_size(doc, "wal_bytes");
	(void)puts(span_is(jtext_member(s, "shared"), "true") ?
	    ", shared with others" : "");
	jdoc_free(doc);
}

static void
print_json(struct span s)
{
	struct buf b = { 0 };

	escape_json(&b, s);
	buf_char(&b, '\n');
	if (!b.failed)
		(void)fwrite(b.p, 1, b.n, stdout);
	buf_free(&b);
}

static int
run_status(const struct options *o)
{
	struct link l;
	struct span s = SPAN_NONE;
	int code;

	if ((code = ask(o, &l, &s)) == EXIT_OK) {
		if (o->json || o->format != FORMAT_SHORT)
			print_json(s);
		else
			print_table(o, s);
		if (o->check && !span_is(jtext_member(s, "state"), "\"ok\""))
			code = EXIT_FAILURE_OTHER;
		(void)print_flush(&code);
	}
	link_close(&l);
	return (code);
}

static int
run_ping(const struct options *o)
{
	struct link l;
	struct span s = SPAN_NONE;
	int code;

	if ((code = ask(o, &l, &s)) == EXIT_OK) {
		s = jtext_member(s, "version");
		(void)fputs("execlogd ", stdout);
		if (s.n > 2)
			print_text(o, (struct span){ s.p + 1, s.n - 2 });
		(void)puts(" is up");
		(void)print_flush(&code);
	}
	link_close(&l);
	return (code);
}

const struct command command_status = {
	.name = "status",
	.takes = "JKC",
	.run = run_status,
	.help =
    "Examples:\n"
    "  execlog status\n"
    "  execlog status --json | jq .lock_hold_ms\n"
    "  execlog status --check || page-somebody\n"
    "\n"
    "Usage: execlog status [OPTION]...\n"
    "\n"
    "Exit 0 whenever the daemon answers, else 5.  execlog ping is the short form.\n"
    "\n"
    "      --json            one object; README.md describes its keys\n"
    "      --check           exit 1 when the daemon is degraded\n"
    "      --color WHEN      auto, always, never\n"
    "      --socket PATH     the daemon's socket\n",
};

const struct command command_ping = {
	.name = "ping",
	.takes = "",
	.run = run_ping,
	.help =
    "Examples:\n"
    "  execlog ping && echo alive\n"
    "\n"
    "Usage: execlog ping\n"
    "\n"
    "Exit 0 when the daemon answers, else 5.\n"
    "\n"
    "      --socket PATH     the daemon's socket\n",
};
