#include "client/print.h"

#include <stdio.h>
#include <string.h>

#include "client/escape.h"
#include "client/options.h"
#include "client/print_inner.h"
#include "client/rowjson.h"
#include "client/times.h"
#include "proto/row.h"
#include "proto/text.h"

void
print_begin(struct printer *p, const struct options *o)
{
	*p = (struct printer){ .options = o };
}

void
print_free(struct printer *p)
{
	buf_free(&p->line);
	join_free(&p->join);
}

static bool
is_json(const struct printer *p)
{
	return (p->options->format == FORMAT_JSON ||
	    p->options->format == FORMAT_NDJSON);
}

static void
write_out(const struct buf *b)
{
	if (b->n > 0 && !b->failed)
		(void)fwrite(b->p, 1, b->n, stdout);
}

static void
out(struct printer *p)
{
	struct buf safe = { 0 };

	if (p->options->safe && is_json(p)) {
		escape_json(&safe, buf_text(&p->line));
		write_out(&safe);
	} else
		write_out(&p->line);
	buf_free(&safe);
	buf_reset(&p->line);
}

/* A message: in a pipe its characters as they are, but characters. */
static void
put(struct printer *p, struct span s, bool lines)
{
	if (p->options->safe)
		escape_put(&p->line, s, true, lines);
	else if (p->options->raw)
		buf_span(&p->line, s);
	else
		text_clean(&p->line, s);
}

/* An id, source or level: nor in a pipe may it look like another line. */
void
print_name(struct printer *p, struct span s)
{
	if (!p->options->safe && (p->options->raw || text_is_id(s)))
		buf_span(&p->line, s);
	else
		escape_put(&p->line, s, true, false);
}

void
print_colored(struct printer *p, struct span s, const char *color, int width)
{
	size_t n;

	if (p->options->color && color != NULL)
		buf_str(&p->line, color);
	n = p->line.n;
	print_name(p, s);
	if (p->options->color && color != NULL)
		buf_str(&p->line, PLAIN);
	for (n = p->line.n - n; width > 0 && s.n < (size_t)width; s.n++)
		buf_char(&p->line, ' ');
}

void
print_time(struct printer *p, int64_t ms)
{
	char text[TIMES_TEXT];

	times_format(ms, p->options->local, text);
	buf_str(&p->line, text);
	buf_char(&p->line, ' ');
}

static const char *
level_color(struct span level)
{
	if (span_is(level, "ERROR"))
		return (RED);
	if (span_is(level, "WARN"))
		return (YELLOW);
	if (span_is(level, "DEBUG"))
		return (GREY);
	return (NULL);
}

static void
put_prefix(struct printer *p, const struct log_row *r)
{
	print_time(p, r->timestamp);
	print_colored(p, r->level, level_color(r->level), 5);
	buf_str(&p->line, " [");
	print_name(p, r->source);
	buf_char(&p->line, ']');
	if (r->task.p != NULL) {
		buf_str(&p->line, " [");
		print_name(p, r->task);
		buf_char(&p->line, ']');
	}
	buf_char(&p->line, ' ');
}

/* In short form the further lines of a message are indented. */
static void
put_message(struct printer *p, struct span s)
{
	const char *lf;
	struct span line;

	if (p->options->format == FORMAT_CAT) {
		put(p, s, true);
		return;
	}
	while ((lf = s.n > 0 ? memchr(s.p, '\n', s.n) : NULL) != NULL) {
		line = (struct span){ s.p, (size_t)(lf - s.p) };
		put(p, line, false);
		buf_str(&p->line, "\n" INDENT);
		s.n -= line.n + 1;
		s.p = lf + 1;
	}
	put(p, s, false);
}

void
print_name_field(struct printer *p, const char *name, struct span value)
{
	if (value.p == NULL)
		return;
	buf_printf(&p->line, INDENT "%-10s", name);
	print_name(p, value);
	buf_char(&p->line, '\n');
}

/* A text of several lines is indented. */
void
print_field(struct printer *p, const char *name, struct span value)
{
	struct span line;
	const char *lf;

	if (value.p == NULL)
		return;
	buf_printf(&p->line, INDENT "%-10s", name);
	while ((lf = value.n > 0 ? memchr(value.p, '\n', value.n) : NULL) !=
	    NULL) {
		line = (struct span){ value.p, (size_t)(lf - value.p) };
		put(p, line, false);
		buf_printf(&p->line, "\n" INDENT "%-10s", "");
		value.n -= line.n + 1;
		value.p = lf + 1;
	}
	put(p, value, false);
	buf_char(&p->line, '\n');
}

/* All that there is, a field on a line. */
static void
log_verbose(struct printer *p, const struct log_row *r)
{
	print_time(p, r->timestamp);
	print_colored(p, r->level, level_color(r->level), 0);
	buf_printf(&p->line, " id %lld\n", (long long)r->id);
	print_name_field(p, "execution", r->execution);
	print_name_field(p, "task", r->task);
	print_name_field(p, "source", r->source);
	print_field(p, "message", r->message);
	print_field(p, "metadata", r->metadata);
}

static void
put_line(struct printer *p, const struct log_row *r)
{
	if (p->options->format == FORMAT_SHORT)
		put_prefix(p, r);
	put_message(p, r->message);
}

/* Whatever is printed next, it does not belong to a line that has begun. */
static void
break_begun(struct printer *p)
{
	size_t i;

	for (i = 0; i < p->join.n; i++)
		if (p->join.line[i].begun) {
			p->join.line[i].begun = false;
			(void)putchar('\n');
		}
}

/* A held line goes out as far as it has come. */
static void
begin_line(struct printer *p, struct join_line *line)
{
	if (!line->begun)
		break_begun(p);
	line->begun = true;
	write_out(&line->text);
	buf_reset(&line->text);
}

/* ... and ends, whether its last part has come or not. */
static void
end_line(struct printer *p, struct join_line *line)
{
	begin_line(p, line);
	(void)putchar('\n');
	join_remove(&p->join, line);
}

/* Parts of a long line are joined with those before. */
static void
log_part(struct printer *p, const struct log_row *r, enum partial part)
{
	struct join_line *line = join_find(&p->join, r);

	if (line != NULL && part == PARTIAL_FIRST) {
		end_line(p, line);
		line = NULL;
	}
	if (line != NULL)
		put_message(p, r->message);
	else {
		if (join_is_full(&p->join))
			end_line(p, &p->join.line[0]);
		line = join_begin(&p->join, r);
		put_line(p, r);
	}
	buf_span(&line->text, buf_text(&p->line));
	buf_reset(&p->line);
	if (part == PARTIAL_LAST)
		end_line(p, line);
	else if (line->text.n > JOIN_BYTES_MAX)
		begin_line(p, line);
}

/* The newest comes first, so a line's last part does: the others go before it,
   and the prefix is that of the first that has come. */
static void
log_part_back(struct printer *p, const struct log_row *r, enum partial part)
{
	struct join_line *line = join_find(&p->join, r);
	struct span text;
	struct buf old;
	size_t head;

	if (line != NULL && (part == PARTIAL_LAST ||
	    line->text.n > JOIN_BYTES_MAX)) {
		end_line(p, line);
		line = NULL;
	}
	if (line == NULL && join_is_full(&p->join))
		end_line(p, &p->join.line[0]);
	if (line == NULL)
		line = join_begin(&p->join, r);
	if (p->options->format == FORMAT_SHORT)
		put_prefix(p, r);
	head = p->line.n;
	put_message(p, r->message);
	text = buf_text(&line->text);
	if (text.n > line->head)
		buf_span(&p->line, (struct span){ text.p + line->head,
		    text.n - line->head });
	line->head = head;
	old = line->text;
	line->text = p->line;
	p->line = old;
	buf_reset(&p->line);
	if (part == PARTIAL_FIRST)
		end_line(p, line);
}

static void
log_text(struct printer *p, const struct log_row *r)
{
	enum partial part = join_part(r);

	if (part != PARTIAL_WHOLE) {
		if (p->options->reverse)
			log_part_back(p, r, part);
		else
			log_part(p, r, part);
		return;
	}
	break_begun(p);
	put_line(p, r);
	buf_char(&p->line, '\n');
}

void
print_log(struct printer *p, const struct log_row *r)
{
	struct log_row shown = *r;

	/* Line breaks at the end make no lines. */
	if (p->options->format != FORMAT_CAT &&
	    join_part(r) == PARTIAL_WHOLE)
		while (shown.message.n > 0 &&
		    shown.message.p[shown.message.n - 1] == '\n')
			shown.message.n--;
	if (is_json(p))
		rowjson_log(&p->line, r, p->options->format, p->rows == 0);
	else if (p->options->format == FORMAT_VERBOSE)
		log_verbose(p, &shown);
	else
		log_text(p, &shown);
	p->rows++;
	out(p);
}

void
print_audit(struct printer *p, const struct audit_row *r)
{
	if (is_json(p))
		rowjson_audit(&p->line, r, p->options->format, p->rows == 0);
	else if (p->options->format == FORMAT_VERBOSE)
		print_audit_verbose(p, r);
	else
		print_audit_text(p, r);
	p->rows++;
	out(p);
}

void
print_end(struct printer *p)
{
	while (p->join.n > 0)
		end_line(p, &p->join.line[0]);
	if (p->options->format == FORMAT_JSON)
		buf_str(&p->line, p->rows == 0 ? "[]\n" : "]\n");
	out(p);
}
