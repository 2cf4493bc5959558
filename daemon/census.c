#include "daemon/census.h"

#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/reader.h"
#include "daemon/timer.h"
#include "proto/size.h"
#include "sql/store.h"

#define ROW_LIKELY	150.0	/* bytes, before one has been seen */
#define PAUSE_MS	15	/* between two pages of 5 ms */
#define LOOK_MS		30000	/* between two looks for rows of others */
#define AGAIN_MS	(6 * 3600 * 1000)
#define RETRY_MS	1000
#define WARN_MS		(24 * 3600 * 1000)	/* between two warnings */

/* One table.  Ids in (at, to] are still to be counted. */
struct count {
	int64_t		at;
	int64_t		to;
	int64_t		edge;	/* behind it nothing is known of */
	struct volume	found;	/* by counting */
	struct volume	own;	/* committed by us since counting began */
	struct volume	twice;	/* of these, in what is counted as well */
	struct volume	late;	/* ... and behind it */
	struct volume	before;	/* while all is counted again: what it was */
	bool		again;
	int64_t		ids;	/* that there are, in between: not fewer than
				   rows */
	bool		has_ids;	/* ... is known, and nothing has come since */
};

struct census {
	struct count	 table[TALLY_TABLES];
	int64_t		 room;		/* bytes of the file */
	struct timer	*timer;
	struct reader	*reader;
	struct reader_turn turn;
	struct position	 newest;	/* of a look */
	enum tally_table current;	/* of a page under way, as are: */
	bool		 look;		/* it only looks where the file is */
	int64_t		 at;
	int64_t		 to;
	struct volume	 found;
	enum sql_result	 result;
	struct sql_error error;
	bool		 resting;	/* nothing is to be counted */
	int64_t		 began_at;	/* monotonic ms, as is: */
	int64_t		 warned_at;	/* 0: never */
	int64_t		 warn;
	int64_t		 days;
};

static void
add(struct volume *t, const struct volume *more, int sign)
{
	t->rows += sign * more->rows;
	t->bytes += sign * more->bytes;
}

static bool
is_counting(const struct count *c)
{
	return (c->at < c->to);
}

/* As if each id that is still to be counted had a row, as far as there is room
   for them: others may give any id. */
static void
add_uncounted(const struct count *c, int64_t room, struct volume *t)
{
	int64_t known = c->found.rows + c->own.rows;
	double row = known > 0 ? (double)(c->found.bytes + c->own.bytes) /
	    (double)known : ROW_LIKELY;
	double left = (double)c->to - (double)c->at;
	double most = t->bytes < room ? (double)(room - t->bytes) / row : 0;

	if (left > most)
		left = most;
	t->bytes += (int64_t)(row * left);
	t->rows += (int64_t)left;
}

static struct volume
estimate(const struct count *c, int64_t room)
{
	struct volume t = c->again ? c->before : c->found;

	if (!c->again) {
		add(&t, &c->twice, -1);
		if (is_counting(c))
			add_uncounted(c, room, &t);
	}
	add(&t, &c->own, 1);
	if (c->has_ids && t.rows > c->ids) {
		t.bytes = (int64_t)((double)t.bytes / (double)t.rows *
		    (double)c->ids);
		t.rows = c->ids;
	}
	return (t);
}

/* Others have written in (edge, newest]. */
static void
extend(struct count *c, int64_t newest)
{
	if (newest <= c->edge)
		return;
	c->has_ids = false;
	if (is_counting(c))
		add(&c->twice, &c->late, 1);
	else
		c->at = c->edge;
	c->late = (struct volume){ 0 };
	c->to = c->edge = newest;
}

static void
commit(struct count *c, int64_t before, int64_t after,
    const struct volume *ours)
{
	extend(c, before);
	c->has_ids = c->has_ids && ours->rows == 0;
	add(&c->own, ours, 1);
	add(&c->late, ours, 1);
	if (after > c->edge)
		c->edge = after;
}

static void
begin_again(struct count *c, int64_t room)
{
	struct volume now = estimate(c, room);

	*c = (struct count){ .to = c->edge, .edge = c->edge, .before = now,
	    .again = true, .ids = c->ids, .has_ids = c->has_ids };
	c->at = INT64_MIN;
	if (c->to <= 0)		/* nothing was ever there */
		c->at = c->to;
	c->again = is_counting(c);
}

/* A page was counted, up to "at": is that all? */
static void
settle(struct count *c, int64_t at, const struct volume *found)
{
	c->at = at;
	add(&c->found, found, 1);
	if (is_counting(c))
		return;
	add(&c->found, &c->twice, -1);
	c->twice = (struct volume){ 0 };
	c->again = false;
}

static void
judge_size(struct census *c)
{
	struct volume t = estimate(&c->table[TALLY_LOG], c->room);
	char bytes[SIZE_TEXT], warn[SIZE_TEXT];
	int64_t now;

	if (c->warn == 0 || t.bytes <= c->warn)
		return;
	now = clock_mono_ms();
	if (is_counting(&c->table[TALLY_LOG]) ||
	    (c->warned_at != 0 && now - c->warned_at < WARN_MS))
		return;
	c->warned_at = now;
	log_line(LOG_WARNING, "the log table has %s in %lld rows, more than "
	    "--warn-log-bytes %s: %s keeps it smaller",
	    size_format(t.bytes, bytes), (long long)t.rows,
	    size_format(c->warn, warn),
	    c->days > 0 ? "a shorter --retention-days" : "--retention-days");
}

/* In the reader's thread. */
static void
run(struct reader_turn *turn, struct pages *p)
{
	struct census *c = turn->arg;

	if (!c->look) {
		c->result = tally_page(p, c->current, &c->at, c->to,
		    &c->found, &c->error);
		return;
	}
	if ((c->result = pages_begin(p, &c->error)) != SQL_DONE)
		return;
	c->result = pages_position(p, &c->newest, &c->error);
	pages_end(p);
}

static bool
is_busy(const struct census *c)
{
	return (is_counting(&c->table[TALLY_LOG]) ||
	    is_counting(&c->table[TALLY_AUDIT]));
}

static void
rest(struct census *c)
{
	bool busy = is_busy(c);

	c->resting = c->result == SQL_DONE && !busy;
	timer_set(c->timer, c->result != SQL_DONE ? RETRY_MS : busy ?
	    PAUSE_MS : LOOK_MS);
}

/* There may be something to count. */
static void
hurry(struct census *c)
{
	if (!c->resting || !is_busy(c))
		return;
	c->resting = false;
	timer_set(c->timer, 0);
}

static void
on_done(void *v)
{
	struct census *c = v;

	if (c->result == SQL_DONE && c->look) {
		extend(&c->table[TALLY_LOG], c->newest.log);
		extend(&c->table[TALLY_AUDIT], c->newest.audit);
	} else if (c->result == SQL_DONE)
		settle(&c->table[c->current], c->at, &c->found);
	judge_size(c);
	rest(c);
}

static void
on_release(void *v)
{
	free(v);
}

static void
on_timer(void *v)
{
	struct census *c = v;
	int64_t now = clock_mono_ms();

	if (c->turn.state != TURN_IDLE)
		return;
	if (now - c->began_at >= AGAIN_MS)
		census_again(c);
	c->current = is_counting(&c->table[TALLY_LOG]) ? TALLY_LOG :
	    TALLY_AUDIT;
	c->look = !is_counting(&c->table[c->current]);
	c->at = c->table[c->current].at;
	c->to = c->table[c->current].to;
	c->found = (struct volume){ 0 };
	reader_want(c->reader, &c->turn);
}

struct census *
census_start(struct event_base *base, struct reader *reader,
    const struct position *there, int64_t warn, int64_t days)
{
	struct census *c = log_calloc(1, sizeof *c);

	c->reader = reader;
	c->warn = warn;
	c->days = days;
	c->began_at = clock_mono_ms();
	/* Ids of others may be below 1. */
	c->table[TALLY_LOG] = (struct count){ .to = there->log,
	    .edge = there->log };
	c->table[TALLY_AUDIT] = (struct count){ .to = there->audit,
	    .edge = there->audit };
	c->turn = (struct reader_turn){ .run = run, .done = on_done,
	    .release = on_release, .arg = c };
	c->timer = timer_new(base, on_timer, c);
	timer_set(c->timer, 0);
	return (c);
}

void
census_stop(struct census *c)
{
	if (c == NULL)
		return;
	timer_free(c->timer);
	reader_abandon(c->reader, &c->turn);
}

void
census_committed(struct census *c, const struct store_commit *done)
{
	commit(&c->table[TALLY_LOG], done->before.log, done->after.log,
	    &done->log);
	commit(&c->table[TALLY_AUDIT], done->before.audit, done->after.audit,
	    &done->audit);
	judge_size(c);
	hurry(c);
}

void
census_room(struct census *c, int64_t bytes)
{
	c->room = bytes;
}

/* Fewer ids than rows: some have gone. */
static void
compare(struct count *count, int64_t room, int64_t newest, int64_t ids)
{
	bool gone;

	extend(count, newest);
	count->has_ids = false;
	gone = estimate(count, room).rows > ids;
	/* Of another moment than what we have committed since. */
	count->has_ids = newest == count->edge;
	count->ids = ids;
	if (gone && count->has_ids && !is_counting(count))
		begin_again(count, room);
}

void
census_seen(struct census *c, const struct counts *seen)
{
	if (c->turn.state != TURN_IDLE)
		return;
	compare(&c->table[TALLY_LOG], c->room, seen->newest.log, seen->log);
	compare(&c->table[TALLY_AUDIT], c->room, seen->newest.audit,
	    seen->audit);
	hurry(c);
}

void
census_again(struct census *c)
{
	c->began_at = clock_mono_ms();
	/* A page is under way: behind it. */
	if (c->turn.state != TURN_IDLE) {
		c->began_at -= AGAIN_MS;
		return;
	}
	begin_again(&c->table[TALLY_LOG], c->room);
	begin_again(&c->table[TALLY_AUDIT], c->room);
	hurry(c);
}

void
census_figures(const struct census *c, struct census_figures *f)
{
	f->table[TALLY_LOG] = estimate(&c->table[TALLY_LOG], c->room);
	f->table[TALLY_AUDIT] = estimate(&c->table[TALLY_AUDIT], c->room);
	f->counting = is_busy(c);
	f->is_large = c->warn > 0 && f->table[TALLY_LOG].bytes > c->warn;
}
