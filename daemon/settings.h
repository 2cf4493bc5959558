/*
 * The settings of the contract: flag beats environment beats default.  One
 * table in settings.c says everything about each.
 *
 * Layer: daemon.  Threads: main's, before any other.
 */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/paths.h"

enum setting {
	SETTING_DB,
	SETTING_SOCKET,
	SETTING_SOCKET_MODE,
	SETTING_SOCKET_GROUP,		/* number: the gid, -1 for none */
	SETTING_RETENTION_DAYS,
	SETTING_AUDIT_RETENTION_DAYS,
	SETTING_KEEP_FAILED_DAYS,
	SETTING_SWEEP_AT,		/* minutes of the day */
	SETTING_MAX_LOG_BYTES,
	SETTING_FLUSH_ROWS,
	SETTING_FLUSH_MS,
	SETTING_SYNC,			/* number: 1 full, 0 normal */
	SETTING_LOCK_MS,
	SETTING_MAX_PENDING,		/* bytes */
	SETTING_STREAM_MAX,		/* bytes */
	SETTING_MAX_STREAMS,
	SETTING_NO_MIGRATE,		/* number: 1 yes, 0 no */
	SETTING_WARN_LOG_BYTES,		/* bytes */
};
#define SETTING_COUNT	(SETTING_WARN_LOG_BYTES + 1)

enum setting_origin {
	ORIGIN_DEFAULT,
	ORIGIN_ENVIRONMENT,
	ORIGIN_FLAG,
};

struct setting_value {
	const char	*text;		/* as given; lives as long as argv */
	int64_t		 number;	/* what it means; 0 for paths */
	enum setting_origin	 origin;
};

struct settings {
	struct setting_value	value[SETTING_COUNT];
	bool			check;		/* --check-config */
	char			db[PATHS_MAX];	/* room for the defaults */
	char			socket[PATHS_MAX];
};

enum settings_result {
	SETTINGS_OK,
	SETTINGS_HELPED,	/* help or version was printed: exit 0 */
	SETTINGS_BAD,		/* one line went to stderr: exit 2 */
};

/* Read argv and the environment, and judge every value. */
enum settings_result	 settings_read(struct settings *, int argc,
			    char **argv);

/* Print every setting, its value and its origin. */
void	 settings_print(const struct settings *, FILE *);

#endif
