#include "daemon/retention_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/schedule.h"
#include "proto/size.h"

#define LOOK_MS		10000	/* between looks at what time it is */
#define BYTES_MS	60000	/* ... at what the rows take */
#define CEILING_MS	3600000	/* ... when a sweep did not help */
#define BUSY_MS		20	/* before what failed is tried again, */
#define FULL_MS		1000	/* ... or the disk is full */
#define RETRY_MS	30000	/* and when it was not somebody's lock */
#define JITTER_MS	600000	/* a sweep is up to so much later */
#define ROW_US		30.0	/* what a row costs, before it is known */
#define WEIGHT		0.2	/* of the newest step in the average */

/* ----------------------------------------------------------- who watches */

void
retention_leave(struct retention *r, struct retention_watcher *w)
{
	LIST_REMOVE(w, entry);
	if (r->counts_for == w)
		r->counts_for = NULL;
}

void
retention_ask(struct retention *r, struct retention_watcher *w, bool yes,
    const struct clock_mark *now)
{
	LIST_INSERT_HEAD(&r->watchers, w, entry);
	r->retry_at = r->look_at = r->ceiling_at = 0;
	if (yes && !w->dry) {
		/* From now on: what had begun by another clock does not go
		   on. */
		r->mark = *now;
		r->active = r->active && r->made == WORK_SWEEP;
		r->doubted = false;
	}
	if (!w->dry && !r->active)
		r->cause = "asked";
}

/* ------------------------------------------------------------------ clocks */

/* Whether nothing may be removed as the clocks are. */
static bool
doubts(struct retention *r, const struct clock_mark *now)
{
	int64_t moved;
	bool was = r->doubted;

	r->doubted = !schedule_believes(&r->mark, now, &moved);
	if (!r->doubted) {
		if (was)
			log_line(LOG_NOTICE, "retention: the clock is as it "
			    "was, sweeps go on");
		return (false);
	}
	(void)snprintf(r->doubt, sizeof r->doubt, "the clock has moved by "
	    "%lld days: nothing is removed until it is right again, or "
	    "execlog sweep --yes says that it is", (long long)(moved / DAY_MS));
	if (!was)
		log_line(LOG_WARNING, "retention: %s", r->doubt);
	retention_tell_sweep(r, RETENTION_WAITING, r->doubt);
	return (true);
}

/* ------------------------------------------------------------------ sweeps */

static int64_t
days_before(int64_t now, int64_t days)
{
	return (days == 0 ? SWEEP_NOTHING : now - days * DAY_MS);
}

static struct sweep
new_sweep(const struct retention *r, const char *cause, int64_t now)
{
	const struct retention_config *c = &r->config;
	struct sweep s = {
		.started_at = now,
		.cutoff = days_before(now, c->days),
		.audit_cutoff = days_before(now, c->audit_days),
	};

	s.failed_cutoff = days_before(now, retention_failed_days(r));
	(void)snprintf(s.cause, sizeof s.cause, "%s", cause);
	return (s);
}

/* Rows that a step may look at. */
static size_t
limit_of(const struct retention *r, int64_t hold_us)
{
	double rows = (double)hold_us / r->row_us;

	return (rows < SWEEP_ROWS_MIN ? SWEEP_ROWS_MIN :
	    rows > SWEEP_ROWS_MAX ? SWEEP_ROWS_MAX : (size_t)rows);
}

/* How long it may go on before its COMMIT, which takes its time, too. */
static int64_t
work_us(const struct retention *r, int64_t hold_us)
{
	int64_t us = hold_us - (int64_t)r->commit_us;

	return (us > hold_us / 2 ? us : hold_us / 2);
}

static struct sweep_step *
prepare(struct retention *r, struct sweep_step *s, enum work work,
    const struct clock_mark *now, int64_t hold_us)
{
	r->made = work;
	s->dry = work == WORK_COUNT;
	s->peek = work == WORK_LOOK;
	s->limit = limit_of(r, hold_us);
	s->hold_us = work_us(r, hold_us);
	s->now_ms = now->wall_ms;
	s->mark = *now;
	s->max_bytes = r->config.max_bytes;
	s->beyond = work == WORK_SWEEP ? r->beyond : 0;
	s->young = days_before(now->wall_ms, r->config.days);
	return (s);
}

/* One who wants to know what a sweep would do. */
static struct retention_watcher *
next_count(struct retention *r)
{
	struct retention_watcher *w;

	LIST_FOREACH(w, &r->watchers, entry)
		if (w->dry)
			return (w);
	return (NULL);
}

static void
tell_off(struct retention *r)
{
	r->cause = NULL;
	retention_tell_sweep(r, RETENTION_OFF, NULL);
	while ((r->counts_for = next_count(r)) != NULL)
		retention_tell_count(r, RETENTION_OFF, NULL);
}

void
retention_hinder(struct retention *r, const char *why)
{
	retention_tell_sweep(r, RETENTION_FAILED, why);
	while ((r->counts_for = next_count(r)) != NULL)
		retention_tell_count(r, RETENTION_FAILED, why);
}

static bool
is_daily_due(struct retention *r, int64_t now)
{
	/* The clock has been put back, or it is the first time. */
	if (r->next_at == 0 || r->next_at - now > DAY_MS + 2 * JITTER_MS + 3600000)
		r->next_at = schedule_next(now, r->config.at) +
		    r->mark.boot_ms % JITTER_MS;
	return (now >= r->next_at);
}

/* A sweep whose rows would not go by the settings of today does not go on. */
static bool
may_resume(const struct retention *r, const struct sweep *s, int64_t now)
{
	const struct sweep today = new_sweep(r, "", now);

	return (s->id != 0 && s->ended_at == 0 && s->phase < SWEEP_OVER &&
	    s->cutoff <= today.cutoff &&
	    s->failed_cutoff <= today.failed_cutoff &&
	    s->audit_cutoff <= today.audit_cutoff);
}

static struct sweep_step *
count_step(struct retention *r, const struct clock_mark *now, int64_t hold_us)
{
	struct retention_watcher *w = next_count(r);

	if (r->counts_for == NULL) {
		r->counts_for = w;
		r->count.sweep = new_sweep(r, "asked", now->wall_ms);
	}
	return (prepare(r, &r->count, WORK_COUNT, now, hold_us));
}

/* Nothing is under way: is something due? */
static bool
look(struct retention *r, const struct clock_mark *now)
{
	if (r->cause == NULL && now->boot_ms < r->look_at)
		return (false);
	r->look_at = now->boot_ms + LOOK_MS;
	if (r->cause == NULL && is_daily_due(r, now->wall_ms))
		r->cause = "daily";
	return (r->cause != NULL);
}

static struct sweep_step *
begin(struct retention *r, const struct clock_mark *now, int64_t hold_us)
{
	struct sweep *s = &r->step.sweep;

	if (strcmp(r->cause, "start") == 0 &&
	    may_resume(r, s, now->wall_ms))
		log_line(LOG_INFO, "retention: a sweep goes on");
	else {
		*s = new_sweep(r, r->cause, now->wall_ms);
		r->cause = NULL;
	}
	r->mark = *now;
	r->next_at = 0;
	(void)is_daily_due(r, now->wall_ms);
	r->active = true;
	return (prepare(r, &r->step, WORK_SWEEP, now, hold_us));
}

struct sweep_step *
retention_step(struct retention *r, const struct clock_mark *now,
    int64_t hold_us)
{
	if (now->boot_ms < r->retry_at)
		return (NULL);
	if (retention_is_off(r)) {
		tell_off(r);
		return (NULL);
	}
	if (next_count(r) != NULL)
		return (count_step(r, now, hold_us));
	if (!r->active && !look(r, now)) {
		if (r->config.max_bytes == 0 || now->boot_ms < r->bytes_at)
			return (NULL);
		r->bytes_at = now->boot_ms + BYTES_MS;
		return (prepare(r, &r->count, WORK_LOOK, now, hold_us));
	}
	if (doubts(r, now)) {
		r->retry_at = now->boot_ms + LOOK_MS;
		return (NULL);
	}
	if (!r->active)
		return (begin(r, now, hold_us));
	return (prepare(r, &r->step, WORK_SWEEP, now, hold_us));
}

static void
learn(struct retention *r, const struct sweep_step *s)
{
	if (s->looked >= SWEEP_ROWS_MIN)
		r->row_us += WEIGHT * ((double)s->commit.hold_us /
		    (double)s->looked - r->row_us);
	r->commit_us += WEIGHT * ((double)s->commit.commit_us - r->commit_us);
	/* A cached page and a fast disk are not for ever. */
	if (r->row_us < 1)
		r->row_us = 1;
}

static bool
on_swept(struct retention *r, const struct clock_mark *now)
{
	const struct sweep *s = &r->step.sweep;

	learn(r, &r->step);
	r->last = *s;
	if (s->phase < SWEEP_OVER) {
		retention_tell_sweep(r, RETENTION_RUNNING, NULL);
		return (false);
	}
	r->active = false;
	r->blind = r->step.blind && s->spared > 0;
	r->look_at = 0;
	r->bytes_at = now->boot_ms;
	if (s->rows > 0 || s->events > 0)
		log_line(LOG_INFO, "retention: %lld rows and %lld events "
		    "removed in %lld steps", (long long)s->rows,
		    (long long)s->events, (long long)s->steps);
	retention_tell_sweep(r, RETENTION_DONE, NULL);
	return (s->rows > 0 || s->events > 0);
}

static void
on_counted(struct retention *r)
{
	bool over = r->count.sweep.phase == SWEEP_OVER;

	retention_tell_count(r, over ? RETENTION_DONE : RETENTION_RUNNING,
	    r->doubted ? r->doubt : NULL);
	if (over)
		r->counts_for = NULL;
}

/* Whatever may go has gone. */
static void
give_up(struct retention *r, const struct clock_mark *now)
{
	char bytes[SIZE_TEXT];

	if (!r->over)
		log_line(LOG_WARNING, "retention: log rows take about %s, "
		    "more than --max-log-bytes, and all of them are of running "
		    "executions", size_format(r->bytes, bytes));
	r->over = true;
	r->ceiling_at = now->boot_ms + CEILING_MS;
	r->beyond = 0;
	r->step.above = r->step.all = false;
}

/* A sweep has not brought them down: so many old rows have stayed, the next one
   begins to count behind them. */
static void
on_looked(struct retention *r, const struct clock_mark *now)
{
	int64_t max = r->config.max_bytes;
	char bytes[SIZE_TEXT];

	r->bytes = r->count.bytes;
	if (r->bytes <= max) {
		r->over = r->step.above = false;
		r->beyond = 0;
	} else if (now->boot_ms < r->ceiling_at)
		return;
	else if (r->step.above && r->step.all)
		give_up(r, now);
	else {
		if (r->step.above)
			r->beyond += r->bytes - SWEEP_BELOW(max);
		else if (!r->over)
			log_line(LOG_WARNING, "retention: log rows take about "
			    "%s, more than --max-log-bytes: the oldest go",
			    size_format(r->bytes, bytes));
		r->cause = "ceiling";
	}
}

static void
on_failure(struct retention *r, const struct sql_error *error,
    const struct clock_mark *now)
{
	bool busy = error->result == SQL_BUSY;
	bool again = strcmp(r->error.text, error->text) == 0;

	r->retry_at = now->boot_ms + (busy ? BUSY_MS :
	    error->result == SQL_FULL ? FULL_MS : RETRY_MS);
	if (busy)
		return;
	if (!again)
		log_line(LOG_WARNING, "retention: %s", error->text);
	r->error = *error;
	/* On a full disk room is being made, now that it has been met. */
	if (again || error->result != SQL_FULL)
		retention_tell_sweep(r, RETENTION_FAILED, r->error.text);
}

/* Whoever counts can ask again. */
static void
on_count_failure(struct retention *r, const struct sql_error *error,
    const struct clock_mark *now)
{
	r->retry_at = now->boot_ms + BUSY_MS;
	if (error->result == SQL_BUSY)
		return;
	retention_tell_count(r, RETENTION_FAILED, error->text);
	r->counts_for = NULL;
}

bool
retention_stepped(struct retention *r, enum sql_result result,
    const struct sql_error *error, const struct clock_mark *now)
{
	enum work made = r->made;
	bool removed = false;

	r->made = WORK_NONE;
	if (result != SQL_DONE && made == WORK_COUNT)
		on_count_failure(r, error, now);
	else if (result != SQL_DONE)
		on_failure(r, error, now);
	else if (made == WORK_SWEEP)
		removed = on_swept(r, now);
	else if (made == WORK_COUNT)
		on_counted(r);
	else
		on_looked(r, now);
	if (result == SQL_DONE)
		r->error.text[0] = '\0';
	return (removed);
}

struct retention *
retention_new(const struct retention_config *config, const struct sweep *last,
    const struct clock_mark *mark)
{
	struct retention *r = log_calloc(1, sizeof *r);

	LIST_INIT(&r->watchers);
	r->config = *config;
	r->mark = *mark;
	r->step.sweep = r->last = *last;
	r->row_us = ROW_US;
	r->cause = "start";
	return (r);
}

void
retention_free(struct retention *r)
{
	free(r);
}
