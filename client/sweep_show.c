#include "client/sweep_show.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/numbers.h"
#include "proto/buf.h"
#include "proto/escape.h"
#include "proto/json.h"

/* Of one execution: rows that go, or rows that stay. */
struct share {
	char	*execution;
	bool	 kept;
	char	 why[16];
	int64_t	 rows;
};

/* Where shares are put, and how. */
struct place {
	struct buf	*out;
	bool		 safe;
	bool		 first;
};

static void
free_share(void *v)
{
	struct share *share = v;

	free(share->execution);
	free(share);
}

static int
compare(const void *a, const void *b)
{
	const struct share *x = a, *y = b;
	int order = (int)x->kept - (int)y->kept;

	return (order != 0 ? order : strcmp(x->execution, y->execution));
}

static struct share *
new_share(const struct sweep_news *n)
{
	struct share *share = calloc(1, sizeof *share);

	if (share == NULL)
		return (NULL);
	share->execution = strndup(n->execution.p, n->execution.n);
	if (share->execution == NULL) {
		free(share);
		return (NULL);
	}
	share->kept = n->kept.p != NULL;
	(void)snprintf(share->why, sizeof share->why, "%.*s", (int)n->kept.n,
	    n->kept.p != NULL ? n->kept.p : "");
	return (share);
}

bool
sweep_shares_add(struct sweep_shares *s, const struct sweep_news *n)
{
	struct share *share = new_share(n), **found;

	if (share == NULL)
		return (false);
	if ((found = tsearch(share, &s->tree, compare)) == NULL) {
		free_share(share);
		return (false);
	}
	(*found)->rows += n->rows;
	s->rows[share->kept] += n->rows;
	s->executions[share->kept] += *found == share;
	if (*found != share)
		free_share(share);
	return (true);
}

void
sweep_shares_free(struct sweep_shares *s)
{
	tdestroy(s->tree, free_share);
	s->tree = NULL;
}

/* -------------------------------------------------------------------- json */

static void
put_json_share(const void *node, VISIT which, void *v)
{
	const struct share *share = *(struct share *const *)node;
	struct place *p = v;

	if (which != postorder && which != leaf)
		return;
	buf_str(p->out, p->first ? "{" : ",\n  {");
	p->first = false;
	jput_text(p->out, "execution_id", span_of(share->execution));
	jput_i64(p->out, "rows", share->rows);
	jput_key(p->out, "kept");
	if (share->kept)
		jput_string(p->out, span_of(share->why));
	else
		buf_str(p->out, "null");
	buf_char(p->out, '}');
}

static void
put_json(struct buf *b, const struct sweep_news *n,
    const struct sweep_shares *s)
{
	struct place p = { .out = b, .first = true };

	buf_char(b, '{');
	jput_text(b, "state", span_of(sweep_state_name(n->state)));
	jput_key(b, "reason");
	if (n->reason.p != NULL)
		jput_string(b, n->reason);
	else
		buf_str(b, "null");
	jput_bool(b, "dry_run", s != NULL);
	jput_i64(b, "rows", n->rows);
	jput_i64(b, "events", n->events);
	jput_i64(b, "spared", s != NULL ? s->executions[1] : n->spared);
	jput_key(b, "executions");
	if (s != NULL) {
		buf_char(b, '[');
		twalk_r(s->tree, put_json_share, &p);
		buf_char(b, ']');
	} else
		buf_str(b, "null");
	buf_str(b, "}\n");
}

void
sweep_show_json(struct buf *b, const struct sweep_news *n,
    const struct sweep_shares *s, bool safe)
{
	struct buf text = { 0 };

	put_json(&text, n, s);
	if (safe)
		escape_json(b, buf_text(&text));
	else
		buf_span(b, buf_text(&text));
	buf_free(&text);
}

/* -------------------------------------------------------------------- text */

static void
put_share(const void *node, VISIT which, void *v)
{
	const struct share *share = *(struct share *const *)node;
	struct place *p = v;
	char rows[NUMBERS_TEXT];

	if (which != postorder && which != leaf)
		return;
	numbers_group((uint64_t)share->rows, rows);
	buf_printf(p->out, "%12s  ", rows);
	escape_put(p->out, span_of(share->execution), p->safe, false);
	if (share->kept)
		buf_printf(p->out, "  stay: %s%s", share->why,
		    strcmp(share->why, "failed") == 0 ? ", kept longer" : "");
	buf_char(p->out, '\n');
}

void
sweep_show_counted(struct buf *b, const struct sweep_news *n,
    const struct sweep_shares *s, bool safe)
{
	struct place p = { .out = b, .safe = safe };

	twalk_r(s->tree, put_share, &p);
	numbers_put(b, s->rows[0], "row");
	if (s->rows[0] > 0) {
		buf_str(b, " of ");
		numbers_put(b, s->executions[0], "execution");
	}
	if (n->events > 0) {
		buf_str(b, " and ");
		numbers_put(b, n->events, "audit event");
	}
	buf_str(b, " would be removed");
	if (s->rows[1] > 0) {
		buf_str(b, "; ");
		numbers_put(b, s->rows[1], "old row");
		buf_str(b, " of ");
		numbers_put(b, s->executions[1], "execution");
		buf_str(b, " stay");
	}
	buf_char(b, '\n');
}

void
sweep_show_swept(struct buf *b, const struct sweep_news *n)
{
	numbers_put(b, n->rows, "row");
	if (n->events > 0) {
		buf_str(b, " and ");
		numbers_put(b, n->events, "audit event");
	}
	buf_str(b, " removed");
	if (n->spared > 0) {
		buf_str(b, "; old rows of ");
		numbers_put(b, n->spared, "execution");
		buf_str(b, " stay (running, or failed: execlog_spared)");
	}
	buf_char(b, '\n');
}
