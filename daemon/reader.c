#include "daemon/reader.h"

#include <assert.h>
#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "sql/query.h"
#include "daemon/worker.h"

#define COMPLAIN_MS	60000	/* between two lines that it cannot be read */

TAILQ_HEAD(turn_list, reader_turn);

struct reader {
	struct worker		*worker;
	struct pages		*pages;
	struct turn_list	 waiting;	/* first come, first served */
	struct reader_turn	*running;
	int64_t			 complained_at;	/* monotonic ms; 0: never */
};

static void
run_page(void *job, void *arg)
{
	struct reader_turn *turn = job;
	struct reader *r = arg;

	if (turn->query != NULL)
		query_page(turn->query, r->pages);
	else
		turn->run(turn, r->pages);
}

static void
poke(struct reader *r)
{
	struct reader_turn *turn = TAILQ_FIRST(&r->waiting);

	if (turn == NULL || !worker_is_idle(r->worker))
		return;
	TAILQ_REMOVE(&r->waiting, turn, entry);
	turn->state = TURN_RUNNING;
	r->running = turn;
	worker_assign(r->worker, turn);
}

static void
on_page(void *job, void *arg)
{
	struct reader_turn *turn = job;
	struct reader *r = arg;

	turn->state = TURN_IDLE;
	r->running = NULL;
	poke(r);
	if (turn->abandoned)
		turn->release(turn->arg);
	else
		turn->done(turn->arg);
}

struct reader *
reader_start(struct event_base *base, struct pages *pages)
{
	struct reader *r = log_calloc(1, sizeof *r);

	r->pages = pages;
	TAILQ_INIT(&r->waiting);
	r->worker = worker_start("reader", base, run_page, on_page, r);
	if (r->worker == NULL) {
		free(r);
		return (NULL);
	}
	return (r);
}

void
reader_stop(struct reader *r)
{
	if (r == NULL)
		return;
	worker_stop(r->worker);
	if (r->running != NULL && r->running->abandoned)
		r->running->release(r->running->arg);
	free(r);
}

void
reader_want(struct reader *r, struct reader_turn *turn)
{
	assert(turn->state == TURN_IDLE && !turn->abandoned);
	turn->state = TURN_WAITING;
	TAILQ_INSERT_TAIL(&r->waiting, turn, entry);
	poke(r);
}

void
reader_abandon(struct reader *r, struct reader_turn *turn)
{
	switch (turn->state) {
	case TURN_RUNNING:
		turn->abandoned = true;
		return;
	case TURN_WAITING:
		TAILQ_REMOVE(&r->waiting, turn, entry);
		break;
	case TURN_IDLE:
		break;
	}
	turn->release(turn->arg);
}

void
reader_complain(struct reader *r, const char *why)
{
	int64_t now = clock_mono_ms();

	if (r->complained_at != 0 && now - r->complained_at < COMPLAIN_MS)
		return;
	r->complained_at = now;
	log_line(LOG_WARNING, "cannot read: %s", why);
}
