/*
 * libexeclog: log records and audit events to execlogd, stored exactly once.
 *
 *	struct execlog *log;
 *	char why[EXECLOG_REASON];
 *
 *	if ((log = execlog_open(NULL, why)) == NULL)
 *		errx(1, "%s", why);
 *	execlog_log(log, &(struct execlog_record){
 *	    .execution = "e1", .source = "worker", .level = EXECLOG_INFO,
 *	    .message = "hello", .message_len = 5 });
 *	if (execlog_close(log, 10000) != EXECLOG_OK)
 *		warnx("not everything is stored");
 *
 * A handle has a queue of its own and a thread that sends it.  What is in the
 * queue is kept until the daemon has acknowledged it: committed and, with
 * sync=full, on disk.  When the connection is lost the thread connects again,
 * learns from the daemon what is stored, and sends the rest; nothing is stored
 * twice, nothing is skipped, for as long as the handle lives.
 *
 * Threads: every function may be called from any thread at any time, but
 * execlog_close: that is the last call, by one thread, and no other may be in a
 * call then.  Not from signal handlers.
 *
 * Fork: a handle belongs to the process that opened it.  In a child every call
 * returns EXECLOG_FORKED and does nothing; execlog_close frees the memory.
 *
 * There is nothing global: no initialisation, no signal is caught or raised
 * (SIGPIPE included), the thread has all signals blocked.
 *
 * Times are ms since 1970-01-01 UTC, sizes bytes, texts UTF-8 with a zero at
 * the end unless a length stands beside them.  Texts are copied.
 */
#ifndef EXECLOG_H
#define EXECLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXECLOG_REASON	256	/* bytes that hold any reason */

struct execlog;

enum execlog_result {
	EXECLOG_OK,
	EXECLOG_WOULD_BLOCK,	/* the queue is full; nothing was taken */
	EXECLOG_TIMEOUT,	/* the time has passed; see each function */
	EXECLOG_INVALID,	/* a value that cannot be sent; nothing was
				   taken: a NULL where none may be, an id over
				   255 bytes, a message or metadata over 64 KiB,
				   an event over one frame of 64 KiB */
	EXECLOG_FAILED,		/* for good; see execlog_reason: another
				   process has taken this producer's name, the
				   daemon does not know it (any more), or speaks
				   another protocol */
	EXECLOG_FORKED,		/* this is not the process that opened it */
};

enum execlog_level {
	EXECLOG_DEBUG,
	EXECLOG_INFO,
	EXECLOG_WARN,
	EXECLOG_ERROR,
};

enum execlog_stream {
	EXECLOG_NO_STREAM,
	EXECLOG_STDOUT,
	EXECLOG_STDERR,
};

/* A line over 64 KiB is sent in parts, one directly after the other. */
enum execlog_partial {
	EXECLOG_WHOLE,
	EXECLOG_FIRST,
	EXECLOG_MIDDLE,
	EXECLOG_LAST,
};

/* Zero what is not wanted. */
struct execlog_options {
	const char	*socket;	/* NULL: EXECLOG_SOCKET, else the
					   default path */
	const char	*client;	/* who this is, for diagnostics */
	const char	*producer;	/* a stable name, for programs that can
					   say the same again from any number;
					   NULL: a random one */
	size_t		 queue;		/* bytes kept until they are
					   acknowledged; 0: 4 MiB, at least
					   512 KiB */
	bool		 nonblocking;	/* a full queue is EXECLOG_WOULD_BLOCK
					   instead of a wait */
	bool		 lazy;		/* open at once; the connection is made
					   meanwhile, execlog_stored is 0 */
	/*
	 * A record was not stored because of its value: its number (the first
	 * one is 1), a code, a sentence.  Called by the handle's thread; must
	 * not call back.  A WARN row stands in its place where possible.
	 */
	void		(*on_refused)(uint64_t number, const char *code,
			    const char *sentence, void *arg);
	void		*arg;
};

struct execlog_record {
	const char		*execution;
	const char		*task;		/* NULL: none */
	const char		*source;
	enum execlog_level	 level;
	enum execlog_stream	 stream;
	enum execlog_partial	 partial;
	int64_t			 timestamp;	/* 0: the time of receipt */
	bool			 has_attempt;
	uint32_t		 attempt;
	const char		*message;	/* any bytes */
	size_t			 message_len;
	const char		*metadata;	/* a JSON object; NULL: none */
};

struct execlog_event {
	const char	*execution;
	const char	*type;		/* CREATED, STARTED, STATE_CHANGE,
					   COMPLETED, FAILED, CANCELLED, TIMEOUT */
	int64_t		 timestamp;	/* 0: the time of receipt */
	const char	*metadata;	/* a JSON object; NULL: {} */
};

/*
 * Open a handle; options may be NULL.  NULL on failure, with a sentence in
 * reason (unless that is NULL): no daemon answers within 10 s (not with
 * "lazy"), no memory, no thread.
 */
struct execlog	*execlog_open(const struct execlog_options *,
		    char reason[EXECLOG_REASON]);

/*
 * All that follows takes NULL, which is what a failed execlog_open gave: then
 * the answer is EXECLOG_FAILED, 0, false or nothing.
 */

/*
 * Queue one.  Returns at once while there is room in the queue.  Taken is not
 * stored: execlog_flush says when it is.  EXECLOG_OK, WOULD_BLOCK, INVALID,
 * FAILED, FORKED.
 */
enum execlog_result	 execlog_log(struct execlog *,
			    const struct execlog_record *);
enum execlog_result	 execlog_event(struct execlog *,
			    const struct execlog_event *);

/*
 * Wait until everything that was taken before the call is acknowledged, for at
 * most timeout ms (-1: for ever).  EXECLOG_OK, TIMEOUT, FAILED, FORKED.
 */
enum execlog_result	 execlog_flush(struct execlog *, int timeout);

/*
 * Wait until a quarter of the queue is free, for at most timeout ms (-1: for
 * ever).  EXECLOG_OK, TIMEOUT, FAILED, FORKED.
 */
enum execlog_result	 execlog_wait_room(struct execlog *, int timeout);

/*
 * Flush for at most timeout ms, then free everything.  EXECLOG_OK: all that
 * was ever taken is acknowledged.
 */
enum execlog_result	 execlog_close(struct execlog *, int timeout);

/* Taken and not acknowledged, now. */
uint64_t	 execlog_unacked(struct execlog *);

/*
 * With a stable name: how many records of it were stored when the handle was
 * opened.  The first one that is taken gets the number behind it.
 */
uint64_t	 execlog_stored(const struct execlog *);

/* Is there a connection, now? */
bool		 execlog_is_connected(struct execlog *);

/* Why there is no connection, or why it failed; empty if all is well. */
void		 execlog_reason(struct execlog *, char reason[EXECLOG_REASON]);

#ifdef __cplusplus
}
#endif

#endif
