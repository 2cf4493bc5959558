/*
 * A layer between SQLite and the filesystem that calls back before a call, so
 * that a test can do something in the middle of another connection's work.
 * Locks and barriers are left out: there another thread could go on, but the
 * one that is called back cannot, and SQLite would try for ten seconds.
 *
 * Threads: one.
 */
#ifndef TESTS_UNIT_SHIM_H
#define TESTS_UNIT_SHIM_H

#include <sqlite3.h>
#include <stdbool.h>

enum shim_call {
	SHIM_READ,
	SHIM_WRITE,
	SHIM_SYNC,
	SHIM_UNFETCH,		/* of nothing: a checkpoint has just read where
				   the log ends */
	SHIM_CALLS,		/* so many */
};

/* main_db: a call on the database file, not on its log. */
typedef void	 shim_fn(enum shim_call, bool main_db, void *arg);

/* Connections that are opened from now on go through the shim, or not. */
void	 shim_begin(void);
void	 shim_end(void);

/* What is called; NULL: nothing.  Not from within itself. */
void	 shim_call(shim_fn *, void *arg);

#endif
