/*
 * What the unit tests share: vectors line by line, bytes in hex, a throw-away
 * folder with a database.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "proto/buf.h"
#include "proto/json.h"
#include "proto/span.h"
#include "sql/dbfile.h"
#include "sql/pages.h"
#include "sql/store.h"

/* Call fn for each line of tests/vectors/NAME.ndjson; prints its name before
   it fails. */
typedef void	 vector_fn(const struct json_t *);
void	 each_vector(const char *name, vector_fn *);

/* A member; the test fails if it is of another kind.  Absent: SPAN_NONE, the
   default. */
struct span	 vtext(const struct json_t *, const char *key);
int64_t		 vint(const struct json_t *, const char *key, int64_t absent);
bool		 vbool(const struct json_t *, const char *key, bool absent);
bool		 vhas(const struct json_t *, const char *key);

/* Append the bytes that key says in hex. */
void	 vhex(const struct json_t *, const char *key, struct buf *);

/* Is the text the bytes that key says in hex?  Absent: there is no text. */
void	 assert_hex(struct span, const struct json_t *, const char *key);
void	 assert_text(struct span, const char *);

/* A row as it is before it is stored. */
struct log_row	 log_row_of(const char *execution, const char *message);

/* A folder under /tmp, with room for a path; removed with what is in it. */
void	 folder_make(char path[64]);
void	 folder_remove(const char *path);

/* A fresh database as the daemon has it open; set up and torn down around each
   test that asks for it with world_test. */
struct world {
	char		 folder[64];
	char		 path[80];
	struct dbfile	 file;
	struct store	*store;
	struct pages	*pages;
	struct sql_error error;
};
int	 world_set_up(void **);
int	 world_tear_down(void **);
#define world_test(f)	\
	cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

/* The same file with a new store; false and its error: it is not opened. */
bool	 world_open_again(struct world *);

/* Commit a row and an event of e1. */
enum sql_result	 world_commit_one(struct world *, struct store_commit *);

/* Another program on the same file, which has run this; close it. */
sqlite3	*stranger(struct world *, const char *sql);

/* The same, closed at once. */
void	 meanwhile(struct world *, const char *sql);

/* The rows of a question, columns joined with '|', rows with LF. */
void	 world_ask(struct world *, const char *sql, struct buf *answer);
void	 assert_answer(struct world *, const char *sql, const char *want);

#endif
