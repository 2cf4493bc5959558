/*
 * The heart: records in, transactions out, acknowledgements back.
 *
 * There are two batches.  The open one takes what producers send; the other
 * one is with the writer thread or empty.  While a commit runs, the open one
 * grows: that is the group commit.
 *
 * A producer is a stream of numbered records; what is admitted is acknowledged
 * when it is committed, in order.
 *
 * Layer: daemon.  Threads: the loop's; transactions run in the writer's own.
 */
#ifndef DAEMON_INGEST_H
#define DAEMON_INGEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/queue.h>

#include "daemon/ledger.h"
#include "proto/fault.h"
#include "proto/span.h"
#include "sql/result.h"

struct audit;
struct capture_close;
struct capture_open;
struct checkpointer;
struct event_base;
struct follow;
struct ingest;
struct line;
struct meter;
struct producer_claim;
struct record;
struct retention;
struct secrets;
struct store;
struct store_commit;
struct streams;

struct ingest_config {
	size_t	flush_rows;
	int64_t	flush_ms;
	size_t	max_pending;	/* bytes */
	int64_t	lock_ms;	/* longest hold in a shared file */
	struct secrets *secrets;	/* may be NULL */
};

/* What the world above is told; all in the loop. */
struct ingest_hooks {
	/* There is room again for producers that were refused a read. */
	void	(*on_room)(void *arg);
	/* The outcome cannot be known, or the file is gone: leave. */
	void	(*on_fatal)(enum sql_result, void *arg);
	/* A transaction is committed.  May be NULL. */
	void	(*on_commit)(const struct store_commit *, void *arg);
	/* A sweep is over that has removed something. */
	void	(*on_swept)(void *arg);
	/* After ingest_drain: nothing more will be committed. */
	void	(*on_drained)(void *arg);
	void	*arg;
};

/* The store, follow and streams are the caller's.  NULL and errno. */
struct ingest	*ingest_start(struct event_base *, struct store *,
		    struct follow *, struct streams *,
		    const struct ingest_config *,
		    const struct ingest_hooks *);
void		 ingest_stop(struct ingest *);

/* Commits make way for this one's quiet passes. */
void		 ingest_set_checkpointer(struct ingest *,
		    struct checkpointer *);

/* Its steps are made while there is nothing to commit, and now and then. */
void		 ingest_set_retention(struct ingest *, struct retention *);

/* Something has changed: is there something to do?  Cheap, call it freely. */
void		 ingest_poke(struct ingest *);

/* A producer; when it is removed its records stay. */
void		 ingest_add_producer(struct ingest *, struct ledger_entry *);
void		 ingest_remove_producer(struct ingest *,
		    struct ledger_entry *);

/*
 * The producer wants the name in its entry.  Who has it now is fenced; its
 * on_claimed is called when that is committed, and nothing of it is taken in
 * before.
 */
void		 ingest_claim(struct ingest *, struct ledger_entry *,
		    const struct producer_claim *);

/*
 * The claim was granted: captures of this name are its own again; or, if it has
 * begun a new epoch, those of the old ones are lost for good.
 */
void		 ingest_resume(struct ingest *, struct ledger_entry *,
		    bool resumes);

/* The producer is done, all is acknowledged: its name can be forgotten; what it
   has not closed is lost. */
void		 ingest_forget(struct ingest *, struct ledger_entry *);

/*
 * May this producer be read?  Not while it has more than its share of what may
 * be pending: the worth of two transactions, divided by those who have
 * something pending.  Who has nothing pending may always add a record, so an
 * event waits for no more than the commit under way and its own.  Who is told
 * no is told by on_room to ask again.
 */
bool		 ingest_has_room(struct ingest *, const struct ledger_entry *);

/*
 * Take in the producer's next record or event.  REFUSAL_NONE, or why it cannot
 * be stored: then a WARN row is taken in its place where that is possible.
 * Either way its number counts as used.  Nothing is committed or acknowledged
 * until the caller, having sent its refusal, calls ingest_poke.
 */
enum refusal	 ingest_log(struct ingest *, struct ledger_entry *,
		    const struct record *);
enum refusal	 ingest_audit(struct ingest *, struct ledger_entry *,
		    const struct audit *);

/*
 * The same for a capture that opens (on_opened is called when that is
 * committed; no line of it before), for a line of one, and for its end.
 */
enum refusal	 ingest_open(struct ingest *, struct ledger_entry *,
		    const struct capture_open *);
bool		 ingest_is_opening(const struct ledger_entry *);
enum refusal	 ingest_line(struct ingest *, struct ledger_entry *,
		    const struct line *);
enum refusal	 ingest_close(struct ingest *, struct ledger_entry *,
		    const struct capture_close *);

/* Captures of this execution that have not ended in the file. */
size_t		 ingest_captures_of(const struct ingest *,
		    struct span execution);

/* Somebody asks how the file is: look soon whether it is there. */
void		 ingest_look(struct ingest *);

/*
 * Somebody reads the summaries of executions: bring them up to date, then call
 * done(arg); also when that cannot be done or takes longer than LIMIT_FOLD_MS,
 * under load LIMIT_FOLD_BUSY_MS.  Until then, or ingest_forget_fold, the waiter
 * is ours.
 */
struct fold_waiter {
	TAILQ_ENTRY(fold_waiter) entry;
	void		(*done)(void *arg);
	void		*arg;
	int64_t		 since;		/* monotonic ms; 0: no step has been
					   its own yet */
};
void		 ingest_await_fold(struct ingest *, struct fold_waiter *);
void		 ingest_forget_fold(struct ingest *, struct fold_waiter *);

/* Somebody waits for what is pending: commit it at once. */
void		 ingest_hurry(struct ingest *);

/*
 * The serial of the youngest batch with something of this execution that is
 * not committed yet; 0 if there is none.  Compare with ingest_serial.
 */
uint64_t	 ingest_pending(const struct ingest *, struct span execution);

/* The serial of the newest batch that is committed. */
uint64_t	 ingest_serial(const struct ingest *);

/* Commit everything, if that is possible at all; call on_drained (perhaps
   again); take nothing more in. */
void		 ingest_drain(struct ingest *);
bool		 ingest_is_draining(const struct ingest *);

struct ingest_figures {
	bool		 degraded;
	const char	*reason;	/* of the degradation, else NULL */
	enum sql_result	 result;	/* ... sorted */
	const char	*uncounted;	/* as store_uncounted */
	const struct sql_error *unfolded;	/* why the summaries lag
						   behind; NULL: they do not */
	uint64_t	 pending_rows;
	uint64_t	 pending_bytes;
	uint64_t	 refused;
	uint64_t	 retries;	/* commits that had to be tried again */
	uint64_t	 held_back;	/* times that producers were not read */
	double		 rows_per_s;	/* committed, of the last seconds */
	size_t		 producers;
	size_t		 streams;	/* open */
	uint64_t	 lost_streams;	/* since the start, as is: */
	uint64_t	 dropped_lines;	/* beyond --stream-max */
	bool		 shared;	/* with others, now */
	const struct meter *meter;
};
void		 ingest_figures(const struct ingest *,
		    struct ingest_figures *);

#endif
