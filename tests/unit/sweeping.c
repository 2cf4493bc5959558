#include "tests/unit/sweeping.h"

#include <stdlib.h>

void
store_rows(struct world *w, const char *execution, int64_t time, size_t n)
{
	struct log_row *row = calloc(n, sizeof *row);
	struct store_batch b = { .log = row, .nlog = n, .now_ms = NOW };
	struct store_commit c;
	size_t i;

	assert_non_null(row);
	for (i = 0; i < n; i++) {
		row[i] = log_row_of(execution, "m");
		row[i].timestamp = time + (int64_t)i * 1000;
	}
	assert_int_equal(store_commit(w->store, &b, &c, &w->error), SQL_DONE);
	free(row);
}

struct sweep_step
step_of(void)
{
	return ((struct sweep_step){
		.sweep = {
			.cause = "asked",
			.started_at = NOW,
			.cutoff = CUTOFF,
			.failed_cutoff = CUTOFF,
			.audit_cutoff = SWEEP_NOTHING,
		},
		.young = CUTOFF,
		.limit = 100,
		.hold_us = 60000000,
		.now_ms = NOW,
		.mark = { .boot = "b", .wall_ms = NOW, .boot_ms = 1 },
	});
}

int
sweep(struct world *w, struct sweep_step *s)
{
	int steps = 0;

	do {
		if (store_sweep(w->store, s, &w->error) != SQL_DONE)
			fail_msg("%s", w->error.text);
		assert_true(++steps < 1000);
	} while (s->sweep.phase != SWEEP_OVER);
	return (steps);
}

void
sweep_all(struct world *w)
{
	struct sweep_step s = step_of();

	(void)sweep(w, &s);
}
