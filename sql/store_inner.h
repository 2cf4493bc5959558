/*
 * The inside of the store, for the files that are its code: store.c has the
 * transactions of batches, retention.c those of sweeps, folding.c those of
 * summaries.
 *
 * Layer: sql.  Threads: those of store.h.
 */
#ifndef SQL_STORE_INNER_H
#define SQL_STORE_INNER_H

#include <sqlite3.h>
#include <stdint.h>

#include "sql/audit.h"
#include "sql/edges.h"
#include "sql/engine_count.h"
#include "sql/fold.h"
#include "sql/guard.h"
#include "sql/producers.h"
#include "sql/ranges.h"
#include "sql/room.h"
#include "sql/same_file.h"
#include "sql/store.h"
#include "sql/streams.h"
#include "sql/summary.h"
#include "sql/sweeper.h"
#include "sql/sweeps.h"

struct store {
	sqlite3		*db;
	sqlite3_stmt	*begin;
	sqlite3_stmt	*commit;
	sqlite3_stmt	*rollback;
	sqlite3_stmt	*insert_log;
	sqlite3_stmt	*newest_log;
	sqlite3_stmt	*newest_audit;
	sqlite3_stmt	*data_version;
	sqlite3_int64	 version;	/* that it had last */
	sqlite3_int64	 foreign_tables;
	struct triggers	*triggers;
	bool		 mended;	/* they were, at start */
	struct audit_table audit;
	struct edges	 edges;
	struct engine_count count;
	const char	*unkeyed;	/* as unkeyed_note */
	bool		 recount;	/* these are to be looked at again */
	struct producers producers;
	struct streams_table streams;
	struct guard	 guard;
	struct ranges	 ranges;
	struct sweeps	 sweeps;
	struct sweeper	 sweeper;
	struct summary	 summary;
	struct fold	 fold;
	struct same_file file;
	struct room	 room;
	int		 wal_frames;	/* after the last commit */
	int		 uncopied;	/* of them, that need room */
};

/* The parts of a transaction that can write: take the lock; what have others
   written since the last one?  Then COMMIT. */
enum sql_result	 store_begin(struct store *, struct store_commit *,
		    struct sql_error *);
enum sql_result	 store_look_back(struct store *, struct store_commit *,
		    struct sql_error *);
enum sql_result	 store_position_now(struct store *, struct position *,
		    struct sql_error *);
enum sql_result	 store_finish(struct store *, struct store_commit *,
		    struct sql_error *);

/* It was begun: roll it back if it is not committed.  Returns result. */
enum sql_result	 store_end(struct store *, enum sql_result,
		    struct store_commit *);

/* Last of all, whatever the result; returns it. */
enum sql_result	 store_ended(struct store *, enum sql_result,
		    struct sql_error *);

#endif
