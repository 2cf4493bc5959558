#include "daemon/follow.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/batch.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "sql/query.h"
#include "proto/audit.h"

LIST_HEAD(follower_list, follower);

struct follow {
	struct follower_list	 list;
	size_t			 count;
	struct position		 published;
	struct buf		 frame;		/* one row, made once for all */
};

struct follow *
follow_new(const struct position *published)
{
	struct follow *f = log_calloc(1, sizeof *f);

	LIST_INIT(&f->list);
	f->published = *published;
	return (f);
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	buf_free(&f->frame);
	free(f);
}

void
follow_add(struct follow *f, struct follower *who)
{
	LIST_INSERT_HEAD(&f->list, who, entry);
	f->count++;
}

void
follow_remove(struct follow *f, struct follower *who)
{
	LIST_REMOVE(who, entry);
	f->count--;
}

size_t
follow_count(const struct follow *f)
{
	return (f->count);
}

const struct position *
follow_published(const struct follow *f)
{
	return (&f->published);
}

bool
follow_wants(const struct follow *f, struct span execution)
{
	const struct follower *who;

	LIST_FOREACH(who, &f->list, entry)
		if (span_eq(who->query->request.execution, execution))
			return (true);
	return (false);
}

static bool
same(const struct position *a, const struct position *b)
{
	return (a->log == b->log && a->audit == b->audit);
}

/*
 * A follower whose reader is slow has got all before this row; it reads the
 * rest from the database.
 */
static void
leave_behind(struct follower *who, const struct log_row *row)
{
	who->ready = false;
	who->query->at.log = row->id - 1;
}

/* Give a row to everybody who is caught up and wants it. */
static void
push_row(struct follow *f, const struct log_row *row)
{
	struct follower *who;
	struct query *q;

	buf_reset(&f->frame);
	LIST_FOREACH(who, &f->list, entry) {
		q = who->query;
		if (!who->ready || q->request.kind == REQUEST_WAIT ||
		    !same(&q->at, &f->published) ||
		    !span_eq(q->request.execution, row->execution) ||
		    !filter_match(&q->request.filter, row))
			continue;
		if (q->out.n >= LIMIT_READER_QUEUE) {
			leave_behind(who, row);
			continue;
		}
		if (f->frame.n == 0)
			log_row_put(&f->frame, row);
		buf_span(&q->out, buf_text(&f->frame));
		q->rows++;
	}
}

static void
push_event(struct follow *f, const struct audit_row *row)
{
	struct follower *who;
	struct query *q;
	enum audit_type type;

	if (!audit_type_parse(row->type, &type) || !audit_is_terminal(type))
		return;
	LIST_FOREACH(who, &f->list, entry) {
		q = who->query;
		if (who->ready && same(&q->at, &f->published) &&
		    q->event[0] == '\0' &&
		    span_eq(q->request.execution, row->execution))
			(void)snprintf(q->event, sizeof q->event, "%s",
			    audit_type_name(type));
	}
}

static void
push(struct follow *f, const struct batch *b, const struct position *after)
{
	struct follower *who;
	size_t i;

	for (i = 0; i < b->nlog; i++)
		push_row(f, &b->log[i]);
	for (i = 0; i < b->naudit; i++)
		push_event(f, &b->audit[i]);
	LIST_FOREACH(who, &f->list, entry)
		if (who->ready && same(&who->query->at, &f->published))
			who->query->at = *after;
}

static bool
is_behind(const struct position *a, const struct position *b)
{
	return (a->log < b->log || a->audit < b->audit);
}

/* Ids are being used again: nobody's place in them means anything now. */
static void
begin_again(struct follow *f)
{
	struct follower *who;

	log_line(LOG_WARNING, "the newest id has gone back: somebody has "
	    "deleted rows and reset sqlite_sequence; follows end");
	LIST_FOREACH(who, &f->list, entry) {
		who->ready = false;
		who->beyond = true;
	}
}

static void
publish(struct follow *f, const struct position *p)
{
	struct follower *who, *next;

	f->published = *p;
	for (who = LIST_FIRST(&f->list); who != NULL; who = next) {
		next = LIST_NEXT(who, entry);
		who->poke(who->arg);
	}
}

void
follow_committed(struct follow *f, const struct batch *b,
    const struct store_commit *c)
{
	if (is_behind(&c->before, &f->published))
		begin_again(f);
	else if (same(&c->before, &f->published))
		push(f, b, &c->after);
	publish(f, &c->after);
}

void
follow_advanced(struct follow *f, const struct position *p)
{
	if (is_behind(p, &f->published))
		begin_again(f);
	if (!same(p, &f->published))
		publish(f, p);
}
