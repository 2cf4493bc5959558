#include "daemon/pace.h"

#include "daemon/limits.h"

#define SHARED_MS	10000	/* others are remembered so long */
#define OWN_US		100000
#define OWN_WAITS_US	20000
#define OWN_ROUND_US	250000
#define OWN_GAP_US	15000
#define GAP_MIN_US	2000
#define AIM		0.6	/* of the budget: predictions are not exact */
#define AIM_OWN		0.85	/* where nobody is hurt by a longer one */
#define ROW_US		10.0	/* before anything is known */
#define WEIGHT		0.2	/* of the newest transaction in the average */

void
pace_init(struct pace *p, int64_t budget_us, bool has_tables)
{
	*p = (struct pace){
		.budget_us = budget_us,
		.row_us = ROW_US,
		.foreign_at = INT64_MIN / 2,
		.has_tables = has_tables,
		.random = 88172645463325252ULL,
	};
}

bool
pace_is_shared(const struct pace *p, int64_t now)
{
	return (p->has_tables || now - p->foreign_at < SHARED_MS);
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

/* The gap that follows, us. */
static int64_t
gap(struct pace *p, int64_t hold_us, bool more, int64_t now)
{
	int64_t us = 0, free_us;

	if (pace_is_shared(p, now)) {
		us = more ? hold_us : 2 * hold_us;
		return (stretch(p, us < GAP_MIN_US ? GAP_MIN_US : us));
	}
	free_us = (now - p->ended_at) * 1000 - hold_us;
	if (free_us > 0)
		p->held_us -= free_us * (OWN_ROUND_US / OWN_GAP_US);
	p->held_us = (p->held_us > 0 ? p->held_us : 0) + hold_us;
	if (p->held_us < OWN_ROUND_US)
		return (0);
	p->held_us = 0;
	return (stretch(p, OWN_GAP_US));
}

void
pace_done(struct pace *p, size_t rows, int64_t hold_us, bool foreign, bool more,
    int64_t now)
{
	if (foreign)
		p->foreign_at = now;
	/* In a small one it is not the rows that cost. */
	if (rows >= PACE_ROWS_MIN)
		p->row_us += WEIGHT * ((double)hold_us / (double)rows -
		    p->row_us);
	p->ready_at = now + (gap(p, hold_us, more, now) + 999) / 1000;
	p->ended_at = now;
}

size_t
pace_rows(const struct pace *p, bool waits, int64_t now)
{
	double budget = AIM_OWN * (waits ? OWN_WAITS_US : OWN_US), rows;

	if (pace_is_shared(p, now))
		budget = AIM * (double)p->budget_us;
	rows = budget / p->row_us;
	if (rows < PACE_ROWS_MIN)
		return (PACE_ROWS_MIN);
	return (rows < LIMIT_BATCH_ROWS ? (size_t)rows : LIMIT_BATCH_ROWS);
}
