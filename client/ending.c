#include "client/ending.h"

#include "client/escape.h"
#include "client/numbers.h"
#include "client/options.h"
#include "client/shortcut.h"
#include "proto/buf.h"

bool
ending_is_end(const struct end *end)
{
	return (end->reason == END_COMPLETE || end->reason == END_LOST ||
	    end->reason == END_OPEN);
}

int
ending_code(const struct end *end, bool result_counts)
{
	if (result_counts && span_is(end->event, "CANCELLED"))
		return (EXIT_CANCELLED);
	if (result_counts && !span_is(end->event, "COMPLETED"))
		return (EXIT_FAILURE_OTHER);
	return (end->reason == END_COMPLETE ? EXIT_OK : EXIT_NO_END);
}

/* "a, b, ..." */
static void
put_names(struct buf *b, const struct end *end)
{
	size_t i;

	for (i = 0; i < end->nnames && i < END_NAMES_MAX - 1; i++) {
		buf_str(b, i > 0 ? ", " : "");
		buf_span(b, end->name[i]);
	}
	if (end->nnames == END_NAMES_MAX)
		buf_str(b, ", ...");
}

void
ending_say(const struct end *end, uint64_t n, bool with_rows)
{
	char rows[NUMBERS_TEXT];
	struct buf names = { 0 };

	if (!with_rows) {
		say("-- %.*s --", (int)end->event.n, end->event.p);
		return;
	}
	numbers_group(n, rows);
	put_names(&names, end);
	if (end->reason == END_COMPLETE)
		say("-- %.*s; complete, %s line%s --", (int)end->event.n,
		    end->event.p, rows, n == 1 ? "" : "s");
	else
		say("-- %.*s; incomplete, %s line%s; %s: %.*s --",
		    (int)end->event.n, end->event.p, rows, n == 1 ? "" : "s",
		    end->reason == END_LOST ? "lost" : "still open",
		    (int)names.n, names.p != NULL ? names.p : "");
	buf_free(&names);
}

void
ending_say_nothing(const struct options *o, struct span id, bool audit)
{
	struct span task = o->filter.task[0];
	const char *chosen = o->filter.types != 0 || o->filter.has_since ||
	    o->filter.has_until ? "No such" : "No";

	if (o->all)
		say("%s audit events found", chosen);
	else if (audit)
		say("%s audit events found for execution %.*s", chosen,
		    (int)id.n, id.p);
	else if (o->filter.ntasks == 1)
		say("No logs found for task %.*s in execution %.*s",
		    (int)task.n, task.p, (int)id.n, id.p);
	else
		say("No logs found for execution %.*s", (int)id.n, id.p);
}

int
ending_not_found(const struct options *o, struct span id)
{
	bool hint = id.n > 0 && *id.p == '@';
	bool all = strcmp(o->command->name, "audit") == 0;

	say("Execution not found: %.*s%s%s", (int)id.n, id.p, hint ?
	    "; shortcuts are " SHORTCUT_NAMES : "", hint && all ? ", @all" :
	    "");
	return (EXIT_NOT_FOUND);
}

int
ending_ambiguous(struct span prefix, const struct end *end)
{
	struct buf names = { 0 };

	put_names(&names, end);
	complain("%.*s is the beginning of several executions: %.*s",
	    (int)prefix.n, prefix.p, (int)names.n,
	    names.p != NULL ? names.p : "");
	buf_free(&names);
	return (EXIT_USAGE);
}
