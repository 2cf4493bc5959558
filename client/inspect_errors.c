#include "client/inspect_errors.h"

#include "client/asking.h"
#include "client/inspect_show.h"
#include "client/print_inner.h"
#include "client/times.h"
#include "proto/row.h"

/* The first line of a message is enough here; logs has the others. */
static void
on_frame(const struct frame *f, void *v)
{
	const struct show *s = v;
	struct log_row r;
	const char *lf;
	char text[TIMES_TEXT];

	if (f->type != FRAME_LOG_ROW || !log_row_decode(f->body, &r))
		return;
	lf = r.message.n > 0 ? memchr(r.message.p, '\n', r.message.n) : NULL;
	if (lf != NULL)
		r.message.n = (size_t)(lf - r.message.p);
	times_format(r.timestamp, s->options->local, text);
	buf_printf(s->out, INDENT "%s ", text);
	if (s->options->color)
		buf_str(s->out, RED);
	show_put(s, r.level, 0);
	if (s->options->color)
		buf_str(s->out, PLAIN);
	buf_str(s->out, " [");
	show_put(s, r.source, 0);
	buf_str(s->out, "] ");
	show_put(s, r.message, s->options->no_truncate ? 0 : SHOW_VALUE_MAX);
	buf_char(s->out, '\n');
}

/* The first of these that there are. */
static const struct choice {
	const char	*title;
	unsigned	 levels;
	enum stream	 stream;
	int64_t		 looks;
} choices[] = {
	{ "Last ERROR lines:", 1u << LEVEL_ERROR, STREAM_NONE, ERRORS_LOOKS },
	{ "Last lines on stderr:", 0, STREAM_STDERR, ERRORS_LOOKS_MORE },
	{ "Last lines:", 0, STREAM_NONE, ERRORS_LOOKS_MORE },
};

/* As far as the first that finds some; -1, or an exit code. */
static int
look(const struct show *s, struct request *r, struct show *into,
    const char **title)
{
	int code = -1;
	size_t i;

	for (i = 0; i < sizeof choices / sizeof choices[0] && code == -1 &&
	    into->out->n == 0; i++) {
		r->filter.levels = choices[i].levels;
		r->filter.stream = choices[i].stream;
		r->looks = choices[i].looks;
		*title = choices[i].title;
		code = asking_run(s->options, r, on_frame, into);
	}
	return (code);
}

int
inspect_errors(const struct show *s, struct buf *out)
{
	struct show into = *s;
	const struct inspected_task *t;
	struct request r = {
		.kind = REQUEST_LOGS,
		.execution = s->in->execution.execution,
		.lines = SHOW_ERRORS_LINES,
	};
	const char *title = "";
	struct span why;
	struct buf lines = { 0 };
	int code = -1, pass;

	/* Not by the count of errors: it may still be on its way. */
	if (!span_is(s->in->execution.state, "FAILED"))
		return (-1);
	t = inspection_failing(s->in, show_asked(s->options), &why);
	if (t != NULL && text_is_id(t->id))
		r.filter.task[r.filter.ntasks++] = t->id;
	/* Others may have said a lot since. */
	r.filter.has_until = t != NULL && t->last_line != FACTS_NO_TIME;
	r.filter.until = r.filter.has_until ? t->last_line : 0;
	into.out = &lines;
	/* Those of the attempt that is named, where there were others. */
	for (pass = t != NULL && t->nattempts > 1 ? 0 : 1; pass < 2 &&
	    code == -1 && lines.n == 0; pass++) {
		r.filter.has_attempt = pass == 0;
		r.filter.attempt = pass > 0 ? 0 :
		    t->attempt[t->nattempts - 1].number;
		code = look(s, &r, &into, &title);
	}
	if (lines.n > 0) {
		buf_printf(out, INDENT "%s\n", title);
		buf_span(out, buf_text(&lines));
	}
	buf_free(&lines);
	return (code);
}
