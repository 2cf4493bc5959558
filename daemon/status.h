/*
 * The STATUS frame: what execlog status shows.  Its keys are public;
 * docs/status.md describes them.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O, no clock.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/census.h"
#include "daemon/checkpointer.h"
#include "daemon/ingest.h"
#include "daemon/retention.h"
#include "sql/pages.h"

struct buf;

struct status {
	struct ingest_figures	 ingest;
	const char		*sqlite_version;
	const char		*path;		/* of the file */
	int64_t			 uptime_s;
	struct counts		 counts;
	const char		*unreadable;	/* why the counts are not
						   known; else NULL */
	int64_t			 db_bytes;
	int64_t			 wal_bytes;
	struct census_figures	 census;
	struct checkpointer_figures checkpoint;
	struct retention_figures retention;
	size_t			 followers;
	size_t			 connections;
	const uint64_t		*faults;	/* FAULT_COUNT of them */
};

/* Append the frame. */
void	 status_put(struct buf *, const struct status *);

#endif
