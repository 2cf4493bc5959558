/*
 * Dates and times as in RFC 3339, and a little shorter, as people write them:
 * the time may be absent, or be without seconds, or without a zone.
 *
 *	2026-02-07T10:00:00.123Z   2026-02-07 10:00:00,5+0100   2026-02-07
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_RFC3339_H
#define PROTO_RFC3339_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/span.h"

struct rfc3339 {
	int	year;		/* 0 to 9999 */
	int	month;		/* from 1 */
	int	day;		/* from 1; the month has it */
	int	hour;
	int	minute;
	int	second;		/* 60 is a leap second */
	int	ms;		/* finer digits are dropped */
	bool	has_zone;	/* without one it is local time, somewhere */
	int	east;		/* of UTC, seconds */
};

/* False if it is no such text, or says a day that is none. */
bool	 rfc3339_parse(struct span, struct rfc3339 *);

/* As ms since 1970; without a zone it is taken as UTC. */
int64_t	 rfc3339_ms(const struct rfc3339 *);

#endif
