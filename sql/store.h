/*
 * The one connection that writes.
 *
 * Layer: sql.  Threads: whoever calls, one at a time; in the daemon the writer
 * thread, after start-up.
 */
#ifndef SQL_STORE_H
#define SQL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/capture.h"
#include "proto/row.h"
#include "sql/result.h"

struct store;

/* The version of the SQLite library, as text. */
const char	*store_sqlite_version(void);

/* The i-th defect that is known of it and that we have to work around, by the
   name that docs/status.md has; NULL: there are no more. */
const char	*store_sqlite_defect(size_t i);

/*
 * A place in the history of the file: the newest id in each of the two tables,
 * read in one transaction.
 */
struct position {
	int64_t	log;
	int64_t	audit;
};

/* A row's bytes are those of its texts, and TALLY_NUMBERS for id and time. */
#define TALLY_NUMBERS	16

struct volume {
	int64_t	rows;
	int64_t	bytes;
};

/*
 * Open the file for writing, in WAL mode, and bring its schema up to date, or
 * (no migrate) refuse one that is not.  sync: a commit is on disk before it is
 * done.  now_ms is the wall clock.  NULL and *error on failure.
 */
struct store	*store_open(const char *path, bool sync, bool migrate,
		    int64_t now_ms, struct sql_error *error);

/* Takes NULL. */
void		 store_close(struct store *);

/* Did the file have tables of others when it was opened? */
bool		 store_has_foreign_tables(const struct store *);

/* Were triggers of ours missing, or others, when it was opened?  They were made
   again. */
bool		 store_was_mended(const struct store *);

/* Why executions.log_entry_count is not kept though it is there, or that the table
   has no index on execution_id; NULL: neither.  A sentence that stays. */
const char	*store_uncounted(const struct store *);

/* So many frames of the log are not copied back: from now on commits leave room
   for them.  Not while another call runs. */
void		 store_keep_room(struct store *, int frames);

/* A named producer has come so far. */
struct producer_mark {
	struct span	producer;
	uint32_t	uid;		/* who it belongs to */
	int64_t		epoch;
	uint64_t	number;		/* of its newest record in the batch */
};

/* Somebody wants to be a named producer. */
enum claim_result {
	CLAIM_GRANTED,
	CLAIM_FENCED,		/* there has been a newer one */
	CLAIM_UNKNOWN,		/* there is nothing to resume */
	CLAIM_NOT_YOURS,	/* it is another user's */
};
struct producer_claim {
	struct span		producer;
	uint32_t		uid;
	bool			resumes;	/* epoch and acked are given */
	int64_t			epoch;
	uint64_t		acked;		/* highest that it has seen */
	enum claim_result	result;		/* set by the commit, as are: */
	int64_t			granted;	/* its epoch from now on */
	uint64_t		number;		/* it goes on behind this one */
};

/* How much of one or several streams has come. */
struct stream_use {
	uint64_t	lines;		/* stored */
	uint64_t	bytes;		/* of them */
	uint64_t	dropped_lines;	/* beyond --stream-max */
	uint64_t	dropped_bytes;
};

enum stream_state {
	STREAM_OPEN,
	STREAM_CLOSED,
	STREAM_LOST,
	STREAM_GONE,	/* lost, and nobody comes back for it: "lost" in the
			   file, where it has no producer any more */
};

/*
 * A capture begins: a row for each of its streams.  One that was refused has
 * them too, lost from the beginning.
 */
struct stream_opening {
	struct origin		origin;
	unsigned		streams;	/* a set */
	struct span		producer;	/* who resumes it; p NULL: nobody */
	uint32_t		capture;
	struct span		refused;	/* why; p NULL: it was not */
	int64_t			row[STREAM_COUNT];	/* set by the commit, as is */
	struct stream_use	used;		/* by its attempt before */
};

/* A stream has come so far. */
struct stream_mark {
	int64_t			row;
	enum stream_state	state;
	struct stream_use	use;
	struct span		cut;		/* p NULL: nothing */
};

/* What a transaction does; fixed before it begins. */
struct store_batch {
	struct log_row		*log;
	size_t			 nlog;
	struct audit_row	*audit;
	size_t			 naudit;
	struct producer_mark	*mark;
	size_t			 nmark;
	struct producer_claim	*claim;
	size_t			 nclaim;
	struct span		*forget;	/* producers that said BYE */
	size_t			 nforget;
	bool			 sweep;		/* forget idle ones, but for */
	struct span		*present;	/* those who are connected */
	size_t			 npresent;
	struct stream_opening	*opening;
	size_t			 nopening;
	struct stream_mark	*stream;
	size_t			 nstream;
	int64_t			 now_ms;	/* wall clock */
	int64_t			 mono_ms;	/* monotonic, at the same time */
};

struct store_commit {
	struct position	 before;	/* what others had written by then */
	struct position	 after;		/* with our rows */
	struct volume	 log;		/* our rows */
	struct volume	 audit;
	bool		 foreign;	/* somebody else has committed since */
	int64_t		 wait_us;	/* for the write lock */
	int64_t		 begun_us;	/* when we got it, monotonic */
	int64_t		 hold_us;	/* how long we had it */
	int64_t		 commit_us;	/* of it, the COMMIT with its sync */
	int		 wal_frames;	/* in the log after the commit */
};

/*
 * Insert the rows in one transaction, in the order given, and set their ids;
 * write the marks, judge the claims, open streams in the same transaction.
 * SQL_DONE: they are committed, on disk if sync was asked for, and in the file
 * that is at the path.  Anything else but SQL_UNKNOWN and SQL_MOVED: nothing of it is
 * in the file and the ids are void.
 */
enum sql_result	 store_commit(struct store *, const struct store_batch *,
		    struct store_commit *, struct sql_error *);

/* Is there something that the summaries of executions lack? */
bool		 store_is_unread(const struct store *);

/* How long a transaction had the write lock, us; when it ended, monotonic; how
   many frames the log had then. */
struct store_hold {
	int64_t	hold_us;
	int64_t	released_us;
	int	wal_frames;
};

/*
 * Read some of what is not in the summaries of executions yet: what others
 * have written, what is older, which tasks there are.  A short transaction.
 */
enum sql_result	 store_fold(struct store *, int64_t now_ms,
		    struct store_hold *, struct sql_error *);

/* Before the store is closed, after a clean stop: what is only counted in
   memory is written if that can be done at once.  Else it is read later. */
void		 store_settle(struct store *);	/* or NULL */

/* Give the memory of the page cache back; for when nothing is to be done. */
void		 store_tidy(struct store *);

/* A stream that is open, or that was lost and whose producer may come back. */
struct stream_row {
	int64_t			row;
	struct origin		origin;
	enum stream		stream;
	struct span		producer;	/* p NULL: a raw stream */
	uint32_t		capture;
	enum stream_state	state;
	struct stream_use	use;
	struct stream_use	attempt;	/* of all streams of its attempt */
};

/*
 * Give them out, those of one capture one directly after the other; the texts
 * of a row are gone after the call.
 */
enum sql_result	 store_streams(struct store *,
		    void (*)(const struct stream_row *, void *arg), void *arg,
		    struct sql_error *);

/* Where the file is now. */
enum sql_result	 store_position(struct store *, struct position *,
		    struct sql_error *);

/* The same; and is it still at the path?  Else SQL_MOVED. */
enum sql_result	 store_look(struct store *, struct position *,
		    struct sql_error *);

#endif
