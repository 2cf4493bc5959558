#include "daemon/secrets.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/timer.h"
#include "proto/masking.h"

#define EXPIRE_MS	60000	/* between two looks */

struct entry {
	struct span	 execution;	/* in text */
	uint32_t	 uid;		/* whose it is */
	struct mask	*mask;
	int64_t		 used;		/* monotonic ms, as the next */
	int64_t		 forget_at;	/* INT64_MAX: it has not ended */
	char		 text[];
};

struct secrets {
	struct secrets_hooks	 hooks;
	struct timer		*timer;		/* NULL: none */
	struct entry		*entry[LIMIT_SECRETS];	/* by execution */
	size_t			 count;
	size_t			 forms;		/* bytes, of all masks */
};

static void
on_timer(void *v)
{
	struct secrets *s = v;

	secrets_expire(s, clock_mono_ms());
}

struct secrets *
secrets_new(struct event_base *base, const struct secrets_hooks *hooks)
{
	struct secrets *s = log_calloc(1, sizeof *s);

	if (hooks != NULL)
		s->hooks = *hooks;
	if (base != NULL)
		s->timer = timer_new(base, on_timer, s);
	return (s);
}

/* Where the execution is, or would be. */
static size_t
place_of(const struct secrets *s, struct span execution, bool *found)
{
	size_t lo = 0, hi = s->count, mid;
	int order;

	*found = false;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		order = span_compare(s->entry[mid]->execution, execution);
		if (order == 0) {
			*found = true;
			return (mid);
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}

static void
forget(struct secrets *s, size_t i)
{
	s->forms -= mask_forms(s->entry[i]->mask);
	mask_free(s->entry[i]->mask);
	free(s->entry[i]);
	s->count--;
	memmove(&s->entry[i], &s->entry[i + 1],
	    (s->count - i) * sizeof s->entry[0]);
}

void
secrets_free(struct secrets *s)
{
	if (s == NULL)
		return;
	while (s->count > 0)
		forget(s, s->count - 1);
	timer_free(s->timer);
	free(s);
}

static struct entry *
insert(struct secrets *s, size_t i, struct span execution, uint32_t uid)
{
	struct entry *e = log_calloc(1, sizeof *e + execution.n);

	memcpy(e->text, execution.p, execution.n);
	e->execution = (struct span){ e->text, execution.n };
	e->uid = uid;
	e->forget_at = INT64_MAX;
	if ((e->mask = mask_new()) == NULL)
		log_no_memory();
	memmove(&s->entry[i + 1], &s->entry[i],
	    (s->count - i) * sizeof s->entry[0]);
	s->entry[i] = e;
	if (s->count++ == 0 && s->timer != NULL)
		timer_set(s->timer, EXPIRE_MS);
	return (e);
}

/* What a user has: executions, and bytes of forms. */
static size_t
share_of(const struct secrets *s, uint32_t uid, size_t *forms)
{
	size_t i, n = 0;

	*forms = 0;
	for (i = 0; i < s->count; i++) {
		if (s->entry[i]->uid != uid)
			continue;
		*forms += mask_forms(s->entry[i]->mask);
		n++;
	}
	return (n);
}

/* At most half of what the others leave: so there is always some for one more
   user. */
static bool
fits(size_t own, size_t all, size_t limit)
{
	return (own < (limit - (all - own)) / 2);
}

/*
 * Make room for one more of a user.  What has said nothing for an hour is most
 * likely an execution whose end we have not seen.
 */
static bool
make_room(struct secrets *s, uint32_t uid, int64_t now)
{
	size_t i, oldest = s->count, forms;

	if (fits(share_of(s, uid, &forms), s->count, LIMIT_SECRETS))
		return (true);
	for (i = 0; i < s->count; i++)
		if (s->entry[i]->uid == uid && (oldest == s->count ||
		    s->entry[i]->used < s->entry[oldest]->used))
			oldest = i;
	if (oldest == s->count ||
	    now - s->entry[oldest]->used < LIMIT_SECRETS_IDLE_MS)
		return (false);
	log_line(LOG_WARNING, "too many executions with values to be masked: "
	    "those of the one that has been quiet for longest are forgotten");
	forget(s, oldest);
	return (true);
}

static struct entry *
entry_for(struct secrets *s, struct span execution, uint32_t uid, int64_t now)
{
	bool found;
	size_t i = place_of(s, execution, &found);

	if (found)
		return (s->entry[i]);
	if (!make_room(s, uid, now))
		return (NULL);
	return (insert(s, place_of(s, execution, &found), execution, uid));
}

static bool
add_value(struct secrets *s, struct entry *e, struct span value)
{
	size_t before = mask_forms(e->mask), own;
	enum mask_result result = MASK_FULL;

	(void)share_of(s, e->uid, &own);
	if (fits(own, s->forms, LIMIT_SECRETS_FORMS))
		result = mask_add(e->mask, value);
	if (result == MASK_NO_MEMORY)
		log_no_memory();
	s->forms += mask_forms(e->mask) - before;
	return (result == MASK_OK);
}

enum refusal
secrets_add(struct secrets *s, uint32_t uid, const struct masking *m,
    int64_t now)
{
	enum refusal refusal = m->refusal;
	bool found;
	size_t i;
	struct entry *e;

	if (refusal != REFUSAL_NONE)
		return (refusal);
	(void)place_of(s, m->execution, &found);
	if ((e = entry_for(s, m->execution, uid, now)) == NULL)
		return (REFUSAL_MASK);
	e->used = now;
	/* Who comes after the end has something to say. */
	if (e->forget_at != INT64_MAX)
		e->forget_at = now + LIMIT_SECRETS_MS;
	for (i = 0; i < m->n; i++)
		if (!add_value(s, e, m->value[i]))
			refusal = REFUSAL_MASK;
	if (mask_forms(e->mask) == 0)
		forget(s, place_of(s, m->execution, &found));
	else if (!found && s->hooks.on_first != NULL)
		s->hooks.on_first(s->hooks.arg);
	return (refusal);
}

struct mask *
secrets_find(struct secrets *s, struct span execution, int64_t now)
{
	bool found = false;
	size_t i = 0;

	if (s->count > 0)
		i = place_of(s, execution, &found);
	if (!found)
		return (NULL);
	s->entry[i]->used = now;
	return (s->entry[i]->mask);
}

void
secrets_ended(struct secrets *s, struct span execution, int64_t now)
{
	bool found;
	size_t i = place_of(s, execution, &found);

	if (found)
		s->entry[i]->forget_at = now + LIMIT_SECRETS_MS;
}

void
secrets_expire(struct secrets *s, int64_t now)
{
	struct entry *e;
	size_t i = s->count;

	while (i-- > 0) {
		e = s->entry[i];
		if (e->forget_at == INT64_MAX)
			continue;
		if (s->hooks.in_use != NULL &&
		    s->hooks.in_use(e->execution, s->hooks.arg))
			e->forget_at = now + LIMIT_SECRETS_MS;
		else if (now >= e->forget_at)
			forget(s, i);
	}
	if (s->count > 0 && s->timer != NULL)
		timer_set(s->timer, EXPIRE_MS);
}

size_t
secrets_count(const struct secrets *s)
{
	return (s->count);
}
