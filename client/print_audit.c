/*
 * Printing audit events as text.
 */
#include "client/options.h"
#include "client/print_inner.h"
#include "proto/json.h"
#include "proto/row.h"

static const char *
state_color(struct span s)
{
	static const struct { const char *state, *color; } colors[] = {
		{ "\"SUCCESS\"", GREEN }, { "COMPLETED", GREEN },
		{ "\"FAILED\"", RED }, { "FAILED", RED }, { "TIMEOUT", RED },
		{ "\"CANCELLED\"", GREY }, { "CANCELLED", GREY },
		{ "\"RUNNING\"", YELLOW }, { "\"WAITING\"", YELLOW },
	};
	size_t i;

	for (i = 0; i < sizeof colors / sizeof colors[0]; i++)
		if (span_is(s, colors[i].state))
			return (colors[i].color);
	return (NULL);
}

/* A JSON string without its quotes; anything else as it is. */
static void
put_value(struct printer *p, struct span s)
{
	const char *color = state_color(s);

	if (s.n >= 2 && s.p[0] == '"') {
		s.p++;
		s.n -= 2;
	}
	print_colored(p, s, color, 0);
}

static struct span
either(struct span object, const char *a, const char *b)
{
	struct span s = jtext_member(object, a);

	return (s.p != NULL ? s : jtext_member(object, b));
}

static void
print_sender(struct printer *p, const struct sender *s)
{
	if (!s->known)
		return;
	buf_str(&p->line, INDENT "received  ");
	print_time(p, s->received);
	if (p->line.n > 0)
		p->line.n--;	/* its blank */
	buf_printf(&p->line, "\n" INDENT "sender    uid %lu, gid %lu, pid %lu\n",
	    (unsigned long)s->uid, (unsigned long)s->gid,
	    (unsigned long)s->pid);
	print_field(p, "said", s->metadata);
}

void
print_audit_verbose(struct printer *p, const struct audit_row *r)
{
	print_time(p, r->timestamp);
	print_colored(p, r->type, state_color(r->type), 0);
	buf_printf(&p->line, " id %lld\n", (long long)r->id);
	print_name_field(p, "execution", r->execution);
	print_field(p, "metadata", r->metadata);
	print_sender(p, &r->sender);
}

/* What the line does not show by itself. */
static void
put_rest(struct printer *p, struct span metadata)
{
	static const char *const shown[] = { "from", "to", "from_state",
	    "to_state", "task_id" };
	struct buf rest = { 0 };
	size_t i;

	if (jput_without(&rest, metadata, shown,
	    sizeof shown / sizeof shown[0]) && rest.n > 2) {
		buf_char(&p->line, ' ');
		/* A line break in valid JSON stands between its parts. */
		for (i = 0; i < rest.n; i++)
			if (rest.p[i] == '\n' || rest.p[i] == '\r')
				rest.p[i] = ' ';
		print_name(p, buf_text(&rest));
	}
	buf_free(&rest);
}

void
print_audit_text(struct printer *p, const struct audit_row *r)
{
	struct span task = jtext_member(r->metadata, "task_id");
	struct span from = either(r->metadata, "from", "from_state");
	struct span to = either(r->metadata, "to", "to_state");

	print_time(p, r->timestamp);
	print_colored(p, r->type, state_color(r->type), 12);
	if (p->options->all) {
		buf_char(&p->line, ' ');
		print_name(p, r->execution);
	}
	if (task.p != NULL) {
		buf_str(&p->line, " [");
		put_value(p, task);
		buf_char(&p->line, ']');
	}
	if (from.p != NULL || to.p != NULL) {
		buf_char(&p->line, ' ');
		put_value(p, from.p != NULL ? from : span_of("?"));
		buf_str(&p->line, " → ");
		put_value(p, to.p != NULL ? to : span_of("?"));
	}
	put_rest(p, r->metadata);
	put_rest(p, r->sender.metadata);
	while (p->line.n > 0 && p->line.p[p->line.n - 1] == ' ')
		p->line.n--;
	buf_char(&p->line, '\n');
}
