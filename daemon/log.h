/*
 * The daemon's own diagnostics, on stderr, one line each; with <N> priorities
 * when stderr is the journal.  Never into its own tables.  What is not printable
 * is made visible.  A stderr that takes nothing holds nobody up: lines are
 * dropped, and how many is said when it takes some again.
 *
 * Layer: daemon.  Threads: any; each call is one write.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stddef.h>

enum log_level {
	LOG_ERR = 3,
	LOG_WARNING = 4,
	LOG_NOTICE = 5,
	LOG_INFO = 6,
};

/* Look once whether stderr is the journal.  Before any thread is started. */
void	 log_init(void);

void	 log_line(enum log_level, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* Out of memory: every size is bounded, so the machine has none left. */
void	 log_no_memory(void) __attribute__((noreturn));

/* calloc that ends with log_no_memory; for fixed sizes only. */
void	*log_calloc(size_t n, size_t size);

#endif
