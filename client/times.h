/*
 * Times as people write and read them.
 *
 * Layer: client.  Threads: one (local time looks at TZ).
 */
#ifndef CLIENT_TIMES_H
#define CLIENT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#define TIMES_SENTENCE	"Invalid time format. Examples: 5m, 2h, 1d, today, " \
	"yesterday, 2026-02-07, 2026-02-07T10:00:00Z, 1770458400000 (ms)"
#define TIMES_TEXT	40	/* bytes that hold a formatted time */

/*
 * A point in time, ms: 90s 5m 2h 1d (before now), RFC 3339 with or without
 * a zone (local then), a date, epoch ms, today, yesterday (local).
 */
bool	 times_parse(const char *text, int64_t now_ms, int64_t *ms);

/* 500ms 10s 5m 2h 1d, a bare number is seconds; ms.  At most 2^31 of them. */
bool	 times_duration(const char *text, int *ms);

/*
 * 2026-02-07T10:00:00.123Z, or with the local zone's offset.  Years before 0
 * or behind 9999 are given as plain ms.
 */
void	 times_format(int64_t ms, bool local, char out[TIMES_TEXT]);

/* The same without fractions of a second: 2026-02-07T10:00:00Z. */
void	 times_format_seconds(int64_t ms, bool local, char out[TIMES_TEXT]);

/* Now, ms since 1970. */
int64_t	 times_wall_ms(void);

/* For measuring how long something takes, ms. */
int64_t	 times_monotonic_ms(void);

#endif
