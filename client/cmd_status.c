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

#define ANSWER_MS	10000	/* longest wait for STATUS */

/* Ask; the body is valid until the link is used again. */
static int
ask(const struct options *o, struct link *l, struct span *body)
{
	const struct request request = { .kind = REQUEST_STATUS };
	struct frame f;
	enum link_result result;

	if (!link_open(l, o->socket, ROLE_READ))
		return (options_unreachable(o, l->reason));
	(void)request_put(&l->out, &request);
	(void)link_push(l);
	while ((result = link_next(l, &f, ANSWER_MS)) == LINK_OK)
		if (f.type == FRAME_STATUS) {
			*body = f.body;
			return (EXIT_OK);
		}
	if (result == LINK_INTERRUPTED)
		return (EXIT_SIGNAL + interrupt_signal());
	return (options_unreachable(o, result == LINK_LOST ? l->reason :
	    "no answer within 10 seconds"));
}

/* A string without quotes, anything else as it is written. */
static void
print_value(const struct options *o, struct span s)
{
	struct buf b = { 0 };

	if (s.n >= 2 && s.p[0] == '"') {
		s.p++;
		s.n -= 2;
	}
	escape_put(&b, s, o->safe, false);
	if (!b.failed)
		(void)fwrite(b.p, 1, b.n, stdout);
	buf_free(&b);
}

static void
print_line(const struct options *o, struct span status, const char *label,
    const char *key)
{
	struct span value = jtext_member(status, key);

	if (value.p == NULL || span_is(value, "null"))
		return;
	(void)printf("%-16s ", label);
	print_value(o, value);
	(void)putchar('\n');
}

static void
print_size(struct span status, const char *label, const char *key)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB",
	    "TiB" };
	struct json_t *doc = jdoc_parse(status);
	int64_t bytes = 0;
	double n;
	size_t unit = 0;

	if (doc == NULL || jget_i64(doc, key, &bytes) != JGET_OK) {
		if (doc != NULL)
			jdoc_free(doc);
		return;
	}
	jdoc_free(doc);
	for (n = (double)bytes; n >= 1024 && unit < 4; unit++)
		n /= 1024;
	(void)printf("%-16s %.*f %s\n", label, unit == 0 ? 0 : 1, n,
	    units[unit]);
}

static void
print_table(const struct options *o, struct span s)
{
	static const struct { const char *label, *key; } lines[] = {
		{ "state", "state" },
		{ "reason", "reason" },
		{ "version", "version" },
		{ "SQLite", "sqlite_version" },
		{ "uptime, s", "uptime_s" },
		{ "log rows", "log_rows" },
		{ "audit rows", "audit_rows" },
		{ "committed rows", "committed_rows" },
		{ "commits", "commits" },
		{ "retries", "retries" },
		{ "pending rows", "pending_rows" },
		{ "refused", "refused" },
		{ "producers", "producers" },
		{ "followers", "followers" },
		{ "connections", "connections" },
		{ "faults", "faults" },
		{ "lock hold, ms", "lock_hold_ms" },
		{ "last sweep", "last_sweep" },
	};
	size_t i;

	for (i = 0; i < sizeof lines / sizeof lines[0]; i++)
		print_line(o, s, lines[i].label, lines[i].key);
	print_size(s, "database", "db_bytes");
	print_size(s, "its log", "wal_bytes");
}

static int
run_status(const struct options *o)
{
	struct link l;
	struct span s = SPAN_NONE;
	int code;

	if ((code = ask(o, &l, &s)) == EXIT_OK) {
		if (o->json || o->format != FORMAT_SHORT)
			(void)printf("%.*s\n", (int)s.n, s.p);
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
		(void)fputs("execlogd ", stdout);
		print_value(o, jtext_member(s, "version"));
		(void)puts(" is up");
		(void)print_flush(&code);
	}
	link_close(&l);
	return (code);
}

const struct command command_status = {
	.name = "status",
	.takes = "JK",
	.run = run_status,
	.help =
    "Examples:\n"
    "  execlog status\n"
    "  execlog status --json | jq .lock_hold_ms\n"
    "  execlog status --check || page-somebody\n"
    "\n"
    "Usage: execlog status [OPTION]...\n"
    "\n"
    "      --json            one object; README.md describes its keys\n"
    "      --check           exit 1 when the daemon is degraded\n"
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
