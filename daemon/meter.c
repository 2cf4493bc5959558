#include "daemon/meter.h"

#include "sql/store.h"

#define GAP_MAX_US	1000000

void
meter_commit(struct meter *m, const struct store_commit *c, size_t rows,
    int64_t age_us)
{
	int64_t gap = c->begun_us - m->released_us;

	if (m->commits > 0 && gap < GAP_MAX_US)
		hist_add(&m->gap, gap);
	hist_add(&m->hold, c->hold_us);
	hist_add(&m->wait, c->wait_us);
	hist_add(&m->commit, c->commit_us);
	hist_add(&m->ack, age_us);
	hist_add(&m->batch_rows, (int64_t)rows);
	m->released_us = c->begun_us + c->hold_us;
	m->commits++;
	m->rows += rows;
}
