/*
 * Room on the disk.  Where it is full, DELETE and the checkpoint fail as well,
 * and nothing but somebody's rm helps.  So our commits stop while there is
 * still some: what is kept free is for sweeps, for checkpoints, and for the
 * engine whose file it is.  Where others take that, too, a reserve is given back:
 * less than what is kept, so our commits do not take it.
 *
 * Layer: sql.  Threads: the connection's.  Used by the store.
 */
#ifndef SQL_ROOM_H
#define SQL_ROOM_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "sql/result.h"

#define ROOM_KEPT	((int64_t)64 << 20)	/* bytes; more than a log that
						   is to be copied back */
#define ROOM_SHARE	4			/* ... or this part of a small
						   disk: a fourth */
#define ROOM_RESERVE(kept)	((kept) / 4 * 3)
#define ROOM_SPARE(kept)	((kept) / 16)	/* free in the database's own
						   file, that is room enough */

struct room {
	sqlite3		*db;		/* the store's */
	sqlite3_stmt	*spare;		/* pages of the file that are free */
	int64_t		 page;		/* bytes */
	const char	*path;		/* of the file, SQLite's */
	int64_t		 kept;		/* bytes */
	int		 reserve;	/* an unnamed file; -1: none */
	bool		 impossible;	/* none can be made here */
};

/* False and *error: something cannot be prepared, or not be read.  The statement
   goes with the db. */
bool	 room_open(struct room *, sqlite3 *, struct sql_error *);
void	 room_close(struct room *);

/* Before a transaction of rows and events: SQL_FULL and *error if there is only
   what is kept and what so many frames of the log need to be copied back, and
   the database's own file has little that is free.  Where others have taken that,
   the reserve is given back. */
enum sql_result	 room_look(struct room *, int frames, struct sql_error *);

/* A transaction has found the disk full: give the reserve back, if there is one,
   and say so in *error. */
void	 room_lacks(struct room *, struct sql_error *);

#endif
