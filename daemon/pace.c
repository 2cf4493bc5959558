#include "daemon/pace.h"

#include "daemon/limits.h"

#define SHARED_US	10000000	/* others are remembered so long */
#define OWN_US		100000
#define OWN_WAITS_US	20000
#define OWN_ROUND_US	250000
#define OWN_GAP_US	15000
#define GAP_MIN_US	2000
#define AIM		0.6	/* of the budget: predictions are not exact */
#define ROW_US		10.0	/* before anything is known */
#define ROW_BYTES	400.0
#define WEIGHT		0.2	/* of the newest transaction in the average */

void
pace_init(struct pace *p, int64_t budget_us, bool has_tables)
{
	*p = (struct pace){
		.budget_us = budget_us,
		.row_us = ROW_US,
		.row_bytes = ROW_BYTES,
		.foreign_us = INT64_MIN / 2,
		.has_tables = has_tables,
		.random = 88172645463325252ULL,
	};
}

bool
pace_is_shared(const struct pace *p, int64_t now_us)
{
	return (p->has_tables || now_us - p->foreign_us < SHARED_US);
}

/* us, made up to a half longer (xorshift). */
static int64_t
stretch(struct pace *p, int64_t us)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return (us + (int64_t)(p->random % 1024) * us / 2048);
}

int64_t
pace_sweep_us(const struct pace *p, int64_t now_us)
{
	int64_t budget = pace_is_shared(p, now_us) ? p->budget_us :
	    OWN_WAITS_US;

	return ((int64_t)(AIM * (double)budget));
}

static int64_t
shared_gap(struct pace *p, const struct pace_hold *h)
{
	int64_t us = h->more ? h->hold_us : 2 * h->hold_us;

	return (stretch(p, us < GAP_MIN_US ? GAP_MIN_US : us));
}

static int64_t
own_gap(struct pace *p, const struct pace_hold *h)
{
	int64_t free_us = h->released_us - p->released_us - h->hold_us;

	if (free_us > 0)
		p->held_us -= free_us * (OWN_ROUND_US / OWN_GAP_US);
	p->held_us = (p->held_us > 0 ? p->held_us : 0) + h->hold_us;
	if (p->held_us < OWN_ROUND_US)
		return (0);
	p->held_us = 0;
	return (stretch(p, OWN_GAP_US));
}

void
pace_done(struct pace *p, const struct pace_hold *h)
{
	double rows = (double)h->rows;

	if (h->foreign)
		p->foreign_us = h->released_us;
	/* In a small one it is not the rows that cost. */
	if (h->rows >= PACE_ROWS_MIN) {
		p->row_us += WEIGHT * ((double)h->hold_us / rows - p->row_us);
		p->row_bytes += WEIGHT * ((double)h->bytes / rows -
		    p->row_bytes);
	}
	p->ready_us = h->released_us + (pace_is_shared(p, h->released_us) ?
	    shared_gap(p, h) : own_gap(p, h));
	p->released_us = h->released_us;
}

void
pace_predict(struct pace *p, bool waits, int64_t now_us)
{
	bool shared = pace_is_shared(p, now_us);
	int64_t budget = shared ? p->budget_us : waits ? OWN_WAITS_US : OWN_US;
	double rows = AIM * (double)budget / p->row_us, bytes;

	if (rows < PACE_ROWS_MIN)
		rows = PACE_ROWS_MIN;
	if (rows > LIMIT_BATCH_ROWS)
		rows = LIMIT_BATCH_ROWS;
	bytes = rows * p->row_bytes;
	if (bytes > LIMIT_BATCH_BYTES)
		bytes = LIMIT_BATCH_BYTES;
	p->limit = (struct batch_limit){
		.rows = (size_t)rows,
		.pages = shared ? LIMIT_SHARED_PAGES : LIMIT_BATCH_PAGES,
	};
	p->limit_bytes = (size_t)bytes;
}
