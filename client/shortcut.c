#include "client/shortcut.h"

#include <stdio.h>

#include "client/asking.h"
#include "client/escape.h"
#include "client/facts.h"
#include "proto/state.h"

#define NAMES_MAX	5	/* that are listed */

static const struct shortcut {
	const char	*name;
	unsigned	 states;
	int64_t		 wanted;
	const char	*none;
} shortcuts[] = {
	{ "@last", 0, 1, "There are no executions yet" },
	{ "@last-failed", 1u << STATE_FAILED, 1, "No execution has failed" },
	{ "@running", 1u << STATE_RUNNING | 1u << STATE_WAITING,
	    NAMES_MAX + 1, "No execution is running" },
};

struct names {
	char	name[NAMES_MAX + 1][TEXT_ID_MAX + 1];
	size_t	n;
};

static void
on_frame(const struct frame *f, void *v)
{
	struct names *names = v;
	struct fact_execution e;
	struct json_t *doc;

	if (f->type != FRAME_FACT || (doc = jdoc_parse(f->body)) == NULL)
		return;
	if (names->n <= NAMES_MAX && facts_execution(doc, &e) &&
	    text_is_id(e.execution))
		(void)snprintf(names->name[names->n++], TEXT_ID_MAX + 1,
		    "%.*s", (int)e.execution.n, e.execution.p);
	jdoc_free(doc);
}

static int
say_several(const struct shortcut *s, const struct names *names)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < names->n && i < NAMES_MAX; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", names->name[i]);
	complain("%s: several executions are running: %.*s%s", s->name,
	    (int)b.n, b.p != NULL ? b.p : "", names->n > NAMES_MAX ? ", ..." :
	    "");
	buf_free(&b);
	return (EXIT_USAGE);
}

static int
resolve(struct options *o, const struct shortcut *s,
    char name[TEXT_ID_MAX + 1])
{
	const struct request r = {
		.kind = REQUEST_LIST,
		.states = s->states,
		/* The first of those that list shows. */
		.lines = s->wanted == 1 ? LIST_LINES + 1 : s->wanted,
	};
	struct names names = { .n = 0 };
	int code;

	if ((code = asking_run(o, &r, on_frame, &names)) != -1)
		return (code);
	if (names.n > 1 && s->wanted > 1)
		return (say_several(s, &names));
	if (names.n == 0) {
		say("%s", s->none);
		return (EXIT_NOT_FOUND);
	}
	(void)strcpy(name, names.name[0]);
	o->execution = span_of(name);
	say("-- execution %s --", name);
	return (-1);
}

bool
shortcut_is(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof shortcuts / sizeof shortcuts[0]; i++)
		if (span_is(name, shortcuts[i].name))
			return (true);
	return (span_is(name, "@all"));
}

int
shortcut_resolve(struct options *o, char name[TEXT_ID_MAX + 1])
{
	size_t i;

	for (i = 0; i < sizeof shortcuts / sizeof shortcuts[0]; i++)
		if (span_is(o->execution, shortcuts[i].name))
			return (resolve(o, &shortcuts[i], name));
	return (-1);
}
