/*
 * logs, follow, audit and wait.
 */
#include <stdio.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/reading.h"

static int
misuse(const char *sentence)
{
	complain("%s", sentence);
	return (EXIT_USAGE);
}

static int
run_logs(const struct options *given)
{
	struct options o = *given;

	if (o.json)
		o.format = o.follow ? FORMAT_NDJSON : FORMAT_JSON;
	if (o.follow && o.format == FORMAT_JSON)
		o.format = FORMAT_NDJSON;
	if (!o.follow && (o.wait || o.no_exit || o.exit_status ||
	    o.drain >= 0))
		return (misuse("--wait, --no-exit, --exit-status and --drain "
		    "are for follow, or logs -f"));
	if (o.follow && (o.reverse || o.db != NULL))
		return (misuse("-r and --db are for logs without -f"));
	if (o.reverse && (o.after != NULL || o.cursor_file != NULL ||
	    o.show_cursor))
		return (misuse("cursors go forward: not with -r"));
	return (reading_run(&o, o.follow ? REQUEST_FOLLOW : REQUEST_LOGS));
}

static int
run_follow(const struct options *given)
{
	struct options o = *given;

	o.follow = true;
	return (run_logs(&o));
}

static int
run_audit(const struct options *given)
{
	struct options o = *given;

	if (o.json)
		o.format = FORMAT_JSON;
	o.all = span_is(o.execution, "@all");
	if (o.all && o.lines < 0)
		o.lines = OPTIONS_ALL_EVENTS;
	return (reading_run(&o, REQUEST_AUDIT));
}

static int
run_wait(const struct options *o)
{
	return (reading_run(o, REQUEST_WAIT));
}

#define TIMES \
    "  -S, --since TIME      not older: 5m 2h 1d, 2026-02-07,\n" \
    "                        2026-02-07T10:00:00Z, epoch ms, today, yesterday;\n" \
    "                        without Z or an offset it is local time\n" \
    "  -U, --until TIME      not newer\n"
#define FILTERS \
    "  -t, --task ID         lines of this task; may be repeated\n" \
    "  -l, --level L[,L...]  lines of these levels: DEBUG INFO WARN ERROR\n" \
    "  -p, --min-level L     lines of this level and above; -l and -p add to\n" \
    "                        each other, all else narrows\n" \
    "      --source S        lines from this source\n" \
    "      --attempt N       lines of this attempt\n" \
    "  -g, --grep REGEX      messages that match (POSIX extended); without\n" \
    "                        case if it has no capital letter\n" \
    TIMES \
    "  -n, --lines N         of the stored lines the last N\n" \
    "      --head N          the first N, then stop\n"
#define CURSORS \
    "      --after-cursor C  go on after this place; -n does not count then\n" \
    "      --cursor-file F   go on after the place in F, and keep it there\n" \
    "      --show-cursor     say at the end which place was reached\n"
#define OUTPUT \
    "  -o, --output FORMAT   short, verbose, cat (the message only), json,\n" \
    "                        ndjson\n" \
    LOOK
#define LOOK \
    "      --local           local time\n" \
    "      --color WHEN      auto, always, never; NO_COLOR is honoured\n" \
    "      --raw             bytes as they are stored, also on a terminal\n" \
    "      --socket PATH     the daemon's socket\n"
#define DB \
    "      --db PATH         read this file, not the daemon's\n"
#define ENDINGS \
    "      --wait            the execution may not exist yet\n" \
    "      --timeout D       give up after 500ms 10s 5m 2h: exit 124\n" \
    "      --drain D         follow: when it has ended, wait so long for\n" \
    "                        streams that are open (10s); believe the\n" \
    "                        engine's state that it has, without an event,\n" \
    "                        after as long, or 2s if there are no events at\n" \
    "                        all; 0: at once\n"
#define PREFIX \
    "ID may be the beginning of an id, if there is one such execution; or\n" \
    "@last, @last-failed (also: timed out), @running: the newest such one.\n" \
    "\n"

const struct command command_logs = {
	.name = "logs",
	.takes = "tlpSUgnrHfoOAJLCRWEDdxacsB",
	.wants_execution = true,
	.run = run_logs,
	.help =
    "Examples:\n"
    "  execlog logs e1                     all lines stored so far\n"
    "  execlog logs e1 -n 20 -t build      the last 20 of one task\n"
    "  execlog logs e1 -p WARN -S 1h       warnings and errors of an hour\n"
    "  execlog logs e1 -r -g 'timed? ?out' newest first, what matches\n"
    "  execlog logs e1 --json | jq '.[].message'\n"
    "  execlog logs e1 --cursor-file c     what is new since the last time\n"
    "\n"
    "Usage: execlog logs [OPTION]... ID\n"
    "\n"
    PREFIX
    FILTERS
    "  -r, --reverse         newest first\n"
    "  -f, --follow          go on with live lines, as execlog follow\n"
    CURSORS
    "      --json            -o json (with -f: ndjson, as is -o json then)\n"
    OUTPUT
    DB
    "\n"
    "Exit 1: -g, and nothing matched.\n",
};

const struct command command_follow = {
	.name = "follow",
	.takes = "tlpSUgnHoOAJLCRWEDdxacs",
	.wants_execution = true,
	.run = run_follow,
	.help =
    "Examples:\n"
    "  execlog follow e1                   until the execution ends\n"
    "  execlog follow e1 --wait            also if it does not exist yet\n"
    "  execlog follow e1 -n 10 -l ERROR    the last 10 errors, then live\n"
    "  execlog follow e1 --exit-status && echo succeeded\n"
    "\n"
    "Usage: execlog follow [OPTION]... ID\n"
    "\n"
    "Prints what is stored, then every line as it is committed, and ends\n"
    "when the execution has ended and all of it was printed. When the\n"
    "connection is lost it comes back and goes on where it was.\n"
    "\n"
    PREFIX
    FILTERS
    CURSORS
    ENDINGS
    "      --no-exit         go on when the execution has ended\n"
    "      --exit-status     exit 0, 1 or 3: it succeeded, failed (also: timed\n"
    "                        out), was cancelled; with --head, 6: the\n"
    "                        end was not awaited\n"
    "      --json            -o ndjson, as is -o json here: an object per line\n"
    OUTPUT,
};

const struct command command_wait = {
	.name = "wait",
	.takes = "WDd",
	.wants_execution = true,
	.run = run_wait,
	.help =
    "Examples:\n"
    "  execlog wait e1 && echo succeeded\n"
    "  execlog wait e1 --wait --timeout 1h\n"
    "\n"
    "Usage: execlog wait [OPTION]... ID\n"
    "\n"
    "Waits until the execution has ended. Exit 0: it succeeded, 1: it failed\n"
    "or timed out, 3: it was cancelled, 4: there is none, 124: --timeout.\n"
    "\n"
    PREFIX
    ENDINGS
    "      --socket PATH     the daemon's socket\n",
};

const struct command command_audit = {
	.name = "audit",
	.takes = "ZSUnoJLCRB",
	.formats = FORMATS_EVENT,
	.wants_execution = true,
	.run = run_audit,
	.help =
    "Examples:\n"
    "  execlog audit e1                    its events, oldest first\n"
    "  execlog audit e1 -o verbose         also who has sent them, and when\n"
    "  execlog audit @all --type CANCELLED -S 7d    who cancelled what\n"
    "  execlog audit e1 --json\n"
    "\n"
    "Usage: execlog audit [OPTION]... ID|@all\n"
    "\n"
    PREFIX
    "@all: the events of every execution, the newest 1000 unless -n, by id.\n"
    "Values of keys that look secret are masked.\n"
    "\n"
    "      --type T[,T...]   events of these types: CREATED STARTED STATE_CHANGE\n"
    "                        COMPLETED FAILED CANCELLED TIMEOUT\n"
    TIMES
    "  -n, --lines N         the last N of those\n"
    "      --json            -o json\n"
    "  -o, --output FORMAT   short, verbose, json, ndjson\n"
    LOOK
    DB,
};
