#include "daemon/retention_inner.h"

bool
retention_is_off(const struct retention *r)
{
	return (r->config.days == 0 && r->config.audit_days == 0 &&
	    r->config.max_bytes == 0);
}

int64_t
retention_failed_days(const struct retention *r)
{
	const struct retention_config *c = &r->config;

	return (c->failed_days > c->days && c->days > 0 ? c->failed_days :
	    c->days);
}

int64_t
retention_deadline(const struct retention *r)
{
	if (r->active || r->cause != NULL || !LIST_EMPTY(&r->watchers))
		return (r->retry_at);
	if (retention_is_off(r))
		return (INT64_MAX);
	return (r->look_at > r->retry_at ? r->look_at : r->retry_at);
}

const char *
retention_doubt(const struct retention *r)
{
	return (r->doubted ? r->doubt : NULL);
}

/* A step of a sweep has failed, and not because of a lock that somebody has. */
static bool
is_failing(const struct retention *r)
{
	return (r->error.text[0] != '\0' && (r->active || r->cause != NULL));
}

static enum retention_now
now_of(const struct retention *r)
{
	if (retention_is_off(r))
		return (RETENTION_NOW_OFF);
	if (r->doubted)
		return (RETENTION_NOW_WAITING);
	if (is_failing(r))
		return (RETENTION_NOW_FAILING);
	if (r->active)
		return (RETENTION_NOW_RUNNING);
	return (r->cause != NULL ? RETENTION_NOW_DUE : RETENTION_NOW_IDLE);
}

void
retention_figures(const struct retention *r, struct retention_figures *f)
{
	*f = (struct retention_figures){
		.now = now_of(r),
		.config = r->config,
		.next_at = retention_is_off(r) ? 0 : r->next_at,
		.last = r->last,
		.doubt = retention_doubt(r),
		.error = is_failing(r) ? &r->error : NULL,
		.over = r->over ? r->bytes : 0,
		.blind = r->blind,
	};
	f->config.failed_days = retention_failed_days(r);
}

/* ----------------------------------------------------------- who watches */

static void
tell(struct retention *r, bool dry, const struct retention_news *news)
{
	struct retention_watcher *w, *next;

	for (w = LIST_FIRST(&r->watchers); w != NULL; w = next) {
		next = LIST_NEXT(w, entry);
		if (w->dry == dry && (!dry || w == r->counts_for))
			w->tell(w->arg, news);
	}
}

void
retention_tell_sweep(struct retention *r, enum retention_state state,
    const char *reason)
{
	static const struct sweep none;
	bool made = r->active || state == RETENTION_DONE;

	tell(r, false, &(struct retention_news){
		.state = state,
		.sweep = made ? &r->step.sweep : &none,
		.reason = reason,
	});
}

void
retention_tell_count(struct retention *r, enum retention_state state,
    const char *reason)
{
	bool counted = state == RETENTION_RUNNING || state == RETENTION_DONE;

	tell(r, true, &(struct retention_news){
		.state = state,
		.sweep = &r->count.sweep,
		.found = r->count.found,
		.nfound = counted ? r->count.nfound : 0,
		.reason = reason,
	});
}
