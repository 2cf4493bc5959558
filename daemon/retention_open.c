#include "daemon/retention.h"
#include "daemon/settings.h"

struct retention *
retention_open(const struct settings *settings, struct store *store,
    struct sql_error *error)
{
	const struct setting_value *v = settings->value;
	const struct retention_config config = {
		.days = v[SETTING_RETENTION_DAYS].number,
		.audit_days = v[SETTING_AUDIT_RETENTION_DAYS].number,
		.failed_days = v[SETTING_KEEP_FAILED_DAYS].number,
		.at = v[SETTING_SWEEP_AT].number,
		.max_bytes = v[SETTING_MAX_LOG_BYTES].number,
	};
	struct clock_mark mark;
	struct sweep last;

	if (store_last_sweep(store, &last, &mark, error) != SQL_DONE)
		return (NULL);
	return (retention_new(&config, &last, &mark));
}
