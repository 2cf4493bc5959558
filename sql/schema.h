/*
 * The schema of a file that no daemon has: what execlog migrate looks at and
 * changes.
 *
 * Layer: sql.  Threads: one.
 */
#ifndef SQL_SCHEMA_H
#define SQL_SCHEMA_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql/result.h"

#define SCHEMA_NEWEST	INT_MAX	/* as far as this program knows */

struct schema;

/* A migration; its name is gone after the call. */
struct schema_step {
	int		 version;
	const char	*name;		/* with the number: 0001-tables */
	int64_t		 applied_at;	/* ms; 0: it is not */
	bool		 known;		/* to this program */
};
typedef void	 schema_step_fn(const struct schema_step *, void *arg);

/* Rows that would go with a table. */
typedef void	 schema_loss_fn(const char *table, int64_t rows, void *arg);

/* Something that a migration found in the file, so that it stays. */
typedef void	 schema_kept_fn(const char *name, void *arg);

/*
 * Open the file to change it; "create": make it if it is missing.  It is
 * claimed as a daemon does, and refused while one has it.  "note" says in the
 * lock who we are.  NULL and *error on failure.
 */
struct schema	*schema_claim(const char *path, bool create, const char *note,
		    struct sql_error *);

/*
 * Open it to look, also while a daemon has it: then that one's note is in
 * holder, size bytes, else it is empty.  Nothing beside the file is made.
 */
struct schema	*schema_visit(const char *path, char *holder, size_t size,
		    struct sql_error *);

/* The log goes into the file, where nobody else has it open.  Takes NULL. */
void		 schema_close(struct schema *);

/* Of the newest migration that this program knows. */
int		 schema_newest(void);

/* All migrations, applied or not, by number. */
enum sql_result	 schema_steps(struct schema *, schema_step_fn *, void *arg,
		    struct sql_error *);

/* Is the record of what is applied lost, or part of it? */
enum sql_result	 schema_is_damaged(struct schema *, bool *,
		    struct sql_error *);

/*
 * Up to version "to", a transaction each; fn is told of each that was done.
 * A schema that is newer than we know is refused by name, as in the next two, and
 * one whose record is damaged.
 */
enum sql_result	 schema_up(struct schema *, int to, int64_t now_ms,
		    schema_step_fn *fn, void *arg, struct sql_error *);

/* What going down to version "to" would lose: each table that has rows. */
enum sql_result	 schema_losses(struct schema *, int to, schema_loss_fn *,
		    void *arg, struct sql_error *);

/*
 * Undo what is above version "to", a transaction each; fn is told of each that
 * was done, kept of what was there before us and stays.  At 0 nothing of ours is
 * left.
 */
enum sql_result	 schema_down(struct schema *, int to, schema_step_fn *fn,
		    schema_kept_fn *kept, void *arg, struct sql_error *);

#endif
