#include "tests/unit/clocks.h"

#define HOLD	6000		/* us */

const struct retention_config thirty = { .days = 30, .at = 210 };

static void
on_news(void *v, const struct retention_news *news)
{
	struct clocks *c = v;

	c->told[news->state]++;
	if (news->state == RETENTION_RUNNING)
		return;
	retention_leave(c->r, &c->watcher);
	c->watches = false;
}

void
set_up_with(struct clocks *c, const struct retention_config *config,
    const struct sweep *last, const struct clock_mark *mark)
{
	static const struct sweep none;
	static const struct clock_mark never;

	*c = (struct clocks){
		.r = retention_new(config, last != NULL ? last : &none,
		    mark != NULL ? mark : &never),
		.now = { .boot = "b", .wall_ms = NOW, .boot_ms = 1000 },
	};
}

void
pass(struct clocks *c, int64_t ms)
{
	c->now.wall_ms += ms;
	c->now.boot_ms += ms;
}

struct sweep_step *
step(struct clocks *c)
{
	return (retention_step(c->r, &c->now, HOLD));
}

void
make(struct clocks *c, struct sweep_step *s, bool over)
{
	static const struct sql_error none;

	s->sweep.id = 1;
	s->sweep.steps++;
	if (over) {
		s->sweep.phase = SWEEP_OVER;
		s->sweep.ended_at = c->now.wall_ms;
	}
	retention_stepped(c->r, SQL_DONE, &none, &c->now);
}

void
not_made(struct clocks *c, enum sql_result result)
{
	struct sql_error error = { .result = result, .text = "why" };

	retention_stepped(c->r, result, &error, &c->now);
}

void
ask(struct clocks *c, bool dry, bool yes)
{
	c->watcher = (struct retention_watcher){ .dry = dry, .tell = on_news,
	    .arg = c };
	c->watches = true;
	retention_ask(c->r, &c->watcher, yes, &c->now);
}

void
begin(struct clocks *c)
{
	struct sweep_step *s = step(c);

	assert_non_null(s);
	assert_string_equal(s->sweep.cause, "start");
	make(c, s, true);
	assert_null(step(c));
}
