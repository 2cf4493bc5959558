#include "daemon/meter.h"

#include <stddef.h>

#include "sql/store.h"

#define GAP_MAX_US	1000000
#define SECOND_US	1000000

/* Seconds without rows. */
static void
move_on(struct meter *m, int64_t s)
{
	if (s - m->now_s > METER_SECONDS)
		m->now_s = s - METER_SECONDS;
	while (m->now_s < s)
		m->second[++m->now_s % METER_SECONDS] = 0;
}

static void
count_hold(struct meter *m, int64_t hold_us, int64_t released_us)
{
	int64_t gap = released_us - hold_us - m->released_us;

	if (m->released_us != 0 && gap < GAP_MAX_US)
		hist_add(&m->gap, gap);
	hist_add(&m->hold, hold_us);
	m->released_us = released_us;
}

void
meter_hold(struct meter *m, const struct store_commit *c)
{
	count_hold(m, c->hold_us, c->begun_us + c->hold_us);
	hist_add(&m->wait, c->wait_us);
}

void
meter_fold(struct meter *m, const struct store_hold *h)
{
	if (h->hold_us > 0)
		count_hold(m, h->hold_us, h->released_us);
}

void
meter_failed(struct meter *m, const struct store_commit *c, bool busy)
{
	if (!busy)
		m->waiting_us = 0;
	else if (m->waiting_us == 0)
		m->waiting_us = c->begun_us - c->wait_us;
}

void
meter_commit(struct meter *m, const struct store_commit *c, size_t rows,
    int64_t age_us)
{
	count_hold(m, c->hold_us, c->begun_us + c->hold_us);
	hist_add(&m->wait, m->waiting_us == 0 ? c->wait_us :
	    c->begun_us - m->waiting_us);
	m->waiting_us = 0;
	hist_add(&m->commit, c->commit_us);
	/* Nobody waits for what only names a producer, or forgets one. */
	if (rows > 0)
		hist_add(&m->ack, age_us);
	hist_add(&m->batch_rows, (int64_t)rows);
	m->commits++;
	m->rows += rows;
	move_on(m, m->released_us / SECOND_US);
	m->second[m->now_s % METER_SECONDS] += rows;
}

double
meter_rate(const struct meter *m, int64_t now_us)
{
	struct meter copy = *m;
	uint64_t rows = 0;
	size_t i;

	move_on(&copy, now_us / SECOND_US);
	for (i = 0; i < METER_SECONDS; i++)
		rows += copy.second[i];
	return ((double)rows / METER_SECONDS);
}
