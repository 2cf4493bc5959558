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
	 * one is 1; 0: a value that is not masked), a code, a sentence.  Called
	 * by the handle's thread; must not call back.  A WARN row stands in its
	 * place where possible.
	 */
	void		(*on_refused)(uint64_t number, const char *code,
			    const char *sentence, void *arg);
	void		*arg;
	int		 patience;	/* ms that the daemon may take for its
					   first answer; 0: 10 s */
	const int	*cancel;	/* a descriptor: once it is readable,
					   execlog_open gives up; NULL: none */
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
 * Register a secret value of len bytes for an execution: the daemon replaces it
 * by ***SECRET*** wherever it stands in messages and metadata of that
 * execution, whoever sends them, before they are stored; also its lines, and
 * all that in base64, URL- and JSON-escaped.  It counts for what is queued after
 * the call, and for what is sent again on a new connection: the handle keeps a
 * copy and registers it there before everything else.
 *
 * The value is UTF-8, 6 to 8192 bytes.  A handle keeps 256 KiB of values and
 * ids, in all executions; value NULL lets go of those of one, which the daemon
 * itself forgets ten minutes after the execution has ended.  What the daemon
 * cannot keep is told by on_refused, with number 0: it is masked in what this
 * handle sends, not in what others do.  Copies are wiped by execlog_close.
 *
 * EXECLOG_OK (also: it is registered already), WOULD_BLOCK, INVALID (too short,
 * too long, not UTF-8, more than is kept: 256 values or 64 KiB of an execution),
 * FAILED, FORKED.
 */
enum execlog_result	 execlog_mask(struct execlog *, const char *execution,
			    const char *value, size_t len);

/* ------------------------------------------------ what a process prints */

/*
 * A capture: the output of one attempt of a task, read from pipes by the
 * caller and given to the library as it comes.  Its lines are made here (LF
 * ends a line, long and unfinished ones come in parts, JSON objects with level
 * and message are records, <N> is a priority: docs/protocol.md, 3.9) and are
 * records like others, acknowledged and stored once.  A line that does not say
 * its time has that at which its last byte was read.  Beside that the daemon
 * knows whether its streams are open, closed or lost, so that a follow ends
 * exactly when all is there.
 *
 * Threads: one at a time for each capture; others may use the handle meanwhile.
 */
struct execlog_capture;

struct execlog_capture_options {
	const char		*execution;
	const char		*task;		/* NULL: none, and no share */
	const char		*source;
	bool			 has_attempt;
	uint32_t		 attempt;
	bool			 has_stdout;	/* neither: one stream, fed as */
	bool			 has_stderr;	/* EXECLOG_NO_STREAM */
	bool			 has_level;	/* else INFO */
	enum execlog_level	 level;		/* of lines that do not say theirs,
						   but for those of stderr: */
	bool			 has_stderr_level;	/* else as above */
	enum execlog_level	 stderr_level;
	const char		*metadata;	/* a JSON object that each line
						   has, but for members of its
						   own; NULL: none */
};

/* An unfinished line is to be flushed after so many ms without more. */
#define EXECLOG_SILENCE	200

/*
 * Open one: *capture is set on EXECLOG_OK.  Texts are copied.  EXECLOG_OK,
 * WOULD_BLOCK, INVALID, FAILED, FORKED.
 */
enum execlog_result	 execlog_capture_open(struct execlog *,
			    const struct execlog_capture_options *,
			    struct execlog_capture **capture);

/*
 * Take bytes that a stream has said; *taken is how many of them were.  All are
 * on EXECLOG_OK; on WOULD_BLOCK wait for room and come again with the rest.
 * EXECLOG_OK, WOULD_BLOCK, INVALID (not a stream of the capture), FAILED,
 * FORKED.
 */
enum execlog_result	 execlog_capture_feed(struct execlog_capture *,
			    enum execlog_stream, const void *bytes, size_t n,
			    size_t *taken);

/*
 * The same for who has read the bytes before, at a time of the caller's: who
 * comes again after WOULD_BLOCK says the same time.
 */
enum execlog_result	 execlog_capture_feed_at(struct execlog_capture *,
			    enum execlog_stream, int64_t read_at,
			    const void *bytes, size_t n, size_t *taken);

/* Is there an unfinished line that can be flushed? */
bool			 execlog_capture_holds(const struct execlog_capture *,
			    enum execlog_stream);

/* Store it as a part.  As feed. */
enum execlog_result	 execlog_capture_flush(struct execlog_capture *,
			    enum execlog_stream);

/*
 * What comes next does not follow what was fed last: bytes between them are
 * lost.  The line that is held, if any, ends here, and what may be the beginning
 * of a value to be masked at its end is.  As execlog_capture_flush.
 */
enum execlog_result	 execlog_capture_tear(struct execlog_capture *,
			    enum execlog_stream);

/*
 * All streams have ended: store what is unfinished, close the capture, free
 * it.  cut: not all of the output was captured, and why (at most 255 bytes);
 * NULL: all was.  On WOULD_BLOCK nothing is done; else it is freed.  Without
 * this, or if it does not get through, the streams will be lost.
 */
enum execlog_result	 execlog_capture_close(struct execlog_capture *,
			    const char *cut);

/* Free it, and do not close it: its streams will be lost.  Takes NULL.  Before
   the handle is closed. */
void			 execlog_capture_abandon(struct execlog_capture *);

/*
 * A raw stream: a connected descriptor that can be the stdout or stderr of a
 * process; what is written to it becomes lines.  It is closed when the last
 * process that has it has closed it.
 *
 * It has no acknowledgements.  When the daemon dies, what it had not committed
 * is gone and writers get EPIPE or SIGPIPE; the stream is then lost, and a row
 * says so.  Who wants this says EXECLOG_STREAM_MAY_BREAK; who does not, uses a
 * capture.
 */
#define EXECLOG_STREAM_MAY_BREAK	0x01

struct execlog_stream_options {
	const char		*socket;	/* as in execlog_options */
	const char		*client;
	const char		*execution;
	const char		*task;		/* NULL: none */
	const char		*source;
	bool			 has_attempt;
	uint32_t		 attempt;
	enum execlog_stream	 stream;
	bool			 has_level;	/* else INFO */
	enum execlog_level	 level;
	bool			 masked;	/* do not read it before there is a
						   value to be masked: flush the
						   handle that has registered
						   them, then open it */
	unsigned		 flags;
};

/*
 * The descriptor, the caller's to close; close-on-exec is set (dup2 clears it).
 * The stream is in the database then.  -1: reason (unless NULL) says why not.
 * Waits for at most 10 s.
 */
int			 execlog_stream_fd(const struct execlog_stream_options *,
			    char reason[EXECLOG_REASON]);

/* ------------------------------------------------------------- waiting */

/*
 * Wait until everything that was taken before the call is acknowledged, and the
 * daemon knows what was registered by execlog_mask, for at most timeout ms (-1:
 * for ever).  EXECLOG_OK, TIMEOUT, FAILED, FORKED.
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

/* The number of the newest record that is acknowledged, now; 0: none. */
uint64_t	 execlog_acked(struct execlog *);

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
