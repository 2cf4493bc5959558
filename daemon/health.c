#include "daemon/health.h"

#include "daemon/log.h"

#define RETRY_BUSY_MS	2	/* the call itself has waited 50 ms */
#define RETRY_MS	500	/* after other failures */
#define BUSY_MS		1000	/* a lock held for less is everyday life */
#define COMPLAIN_MS	60000	/* between two lines about the same failure */

static void
degrade(struct health *h, const struct sql_error *error, int64_t now,
    size_t rows)
{
	if (!h->degraded || now - h->complained_at >= COMPLAIN_MS) {
		log_line(LOG_WARNING, "cannot commit: %s; %zu records wait",
		    error->text, rows);
		h->complained_at = now;
	}
	h->degraded = true;
	h->error = *error;
}

int64_t
health_failed(struct health *h, const struct sql_error *error, int64_t now,
    size_t rows)
{
	h->retries++;
	if (h->failing_since == 0)
		h->failing_since = now;
	if (error->result != SQL_BUSY || now - h->failing_since >= BUSY_MS)
		degrade(h, error, now, rows);
	switch (error->result) {
	case SQL_UNKNOWN:
	case SQL_MOVED:
	case SQL_CORRUPT:
		return (-1);
	case SQL_BUSY:
		return (RETRY_BUSY_MS);
	default:
		return (RETRY_MS);
	}
}

void
health_recovered(struct health *h)
{
	if (h->degraded)
		log_line(LOG_NOTICE, "commits work again");
	h->degraded = false;
	h->failing_since = 0;
}
