/*
 * Reading: a read-only connection that is used in pages.  A page is one short
 * read transaction, so that no checkpoint ever waits for a slow reader, and it
 * has a budget, so that no reader waits long for another.
 *
 * Layer: sql.  Threads: whoever calls, one at a time; in the daemon the reader
 * thread.
 */
#ifndef SQL_PAGES_H
#define SQL_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/row.h"
#include "sql/result.h"
#include "sql/store.h"

#define PAGE_ROWS_MAX	20000	/* rows or ids looked at in one page */
#define PAGE_MS_MAX	5	/* ms that a page may take, about */
#define PAGE_MS_LIMIT	2000	/* ... before it is given up: the engine's
				   tables may be views, of any cost */

struct buf;
struct pages;

/* The file exists and is in WAL mode.  NULL and *error on failure. */
struct pages	*pages_open(const char *path, struct sql_error *error);

/* The same for a program that comes by, where no daemon has the file; nothing
   beside it is made or changed. */
struct pages	*pages_visit(const char *path, struct sql_error *error);

/* Takes NULL. */
void		 pages_close(struct pages *);

/* A page: all calls between begin and end see one state of the file. */
enum sql_result	 pages_begin(struct pages *, struct sql_error *);
void		 pages_end(struct pages *);

/*
 * A place in an execution's rows by (timestamp, id).  Others may have stored
 * times that are no integers.
 */
struct place {
	bool	real;
	int64_t	time;		/* ms; if !real */
	double	time_real;	/* ms; if real */
	int64_t	id;
};
/* Before and behind all ids that AUTOINCREMENT gives, which are from 1. */
#define PLACE_FIRST	((struct place){ .time = INT64_MIN, .id = INT64_MIN })
#define PLACE_LAST	((struct place){ .time = INT64_MAX, .id = INT64_MAX })

/*
 * Gets a row; its texts are gone after the call.  False: enough; this row is
 * taken, the page ends after it.
 */
typedef bool	 log_row_fn(const struct log_row *, void *arg);
typedef bool	 audit_row_fn(const struct audit_row *, void *arg);

/*
 * The functions below move *place over what they have given out, and set *more
 * when they stopped because of the page's budget or because the callback had
 * enough.
 */

/* Rows behind *place, ids up to max_id, oldest first. */
enum sql_result	 pages_history(struct pages *, struct span execution,
		    struct place *place, int64_t max_id, log_row_fn *,
		    void *arg, bool *more, struct sql_error *);

/* Rows before *place, not older than since, newest first. */
enum sql_result	 pages_history_back(struct pages *, struct span execution,
		    struct place *place, int64_t max_id, int64_t since,
		    log_row_fn *, void *arg, bool *more, struct sql_error *);

/* Rows with *id < id <= max_id, by id. */
enum sql_result	 pages_range(struct pages *, struct span execution,
		    int64_t *id, int64_t max_id, log_row_fn *, void *arg,
		    bool *more, struct sql_error *);

/* Events behind *place, ids up to max_id, oldest first. */
enum sql_result	 pages_audit(struct pages *, struct span execution,
		    struct place *place, int64_t max_id, audit_row_fn *,
		    void *arg, bool *more, struct sql_error *);

/* Events before *place, not older than since, newest first. */
enum sql_result	 pages_audit_back(struct pages *, struct span execution,
		    struct place *place, int64_t max_id, int64_t since,
		    audit_row_fn *, void *arg, bool *more, struct sql_error *);

/* Events of every execution behind (or, back, before) the id of *place, ids up
   to max_id, by id. */
enum sql_result	 pages_events(struct pages *, bool back, struct place *place,
		    int64_t max_id, audit_row_fn *, void *arg, bool *more,
		    struct sql_error *);

/*
 * The first terminal event with after < id <= max_id: its type into type (size
 * bytes), empty if there is none.
 */
enum sql_result	 pages_terminal(struct pages *, struct span execution,
		    int64_t after, int64_t max_id, char *type, size_t size,
		    struct sql_error *);

/*
 * The event that has ended the execution, where retention has removed it, into
 * type (size bytes): FAILED also for TIMEOUT; empty if there was none, or if it
 * runs again by a later event or the engine's state, which goes before.
 */
enum sql_result	 pages_swept_end(struct pages *, struct span execution,
		    char *type, size_t size, struct sql_error *);

/*
 * The event that the engine's state of the execution would make its end, into
 * type (size bytes), empty if there is none; and has it any events at all?
 */
enum sql_result	 pages_engine_end(struct pages *, struct span execution,
		    char *type, size_t size, bool *audited,
		    struct sql_error *);

/*
 * What keeps the output of the execution from being complete: its streams that
 * are open, or else those that were lost.  Appends at most max of them to names
 * ("t1 attempt 2 stderr"), each with a 0 behind it.
 */
enum sql_result	 pages_missing(struct pages *, struct span execution,
		    struct buf *names, size_t max, size_t *n, bool *open,
		    struct sql_error *);

/* Is there a row, an event, or a row of the engine's; or, with "gone", a note of
   rows that retention has removed? */
enum sql_result	 pages_known(struct pages *, struct span execution, bool gone,
		    bool *known, struct sql_error *);

/*
 * Executions whose ids begin with the prefix, in order: appends at most max of
 * them to names, each with a 0 behind it.  Ids over ROW_NAME_MAX, which are
 * nobody's by the contract, do not count; with many of those there is none.
 */
enum sql_result	 pages_find(struct pages *, struct span prefix,
		    struct buf *names, size_t max, size_t *n, struct sql_error *);

/* What retention has removed of the execution; rows 0: nothing that is known. */
struct removed {
	int64_t	rows;
	int64_t	first_id;
	int64_t	last_id;
	int64_t	oldest;		/* ms, as the next */
	int64_t	newest;
};
enum sql_result	 pages_removed(struct pages *, struct span execution,
		    struct removed *, struct sql_error *);

/* Where the file is. */
enum sql_result	 pages_position(struct pages *, struct position *,
		    struct sql_error *);

/*
 * How many ids there are from the oldest row to the newest (not fewer than
 * rows), where the file is, how many incidents nobody has confirmed, how many
 * bytes of the file are free pages, and which triggers are not there: are those
 * that keep the audit trail append-only, and those of the engine's state that
 * somebody has installed?  And is the record of the schema's version lost?
 */
struct counts {
	int64_t		log;
	int64_t		audit;
	struct position	newest;
	int64_t		incidents;
	int64_t		free_bytes;
	bool		unguarded;
	bool		uninstalled;
	bool		unrecorded;
};
enum sql_result	 pages_counts(struct pages *, struct counts *,
		    struct sql_error *);

#endif
