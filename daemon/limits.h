/*
 * Every number that a client or the load can push against, with its reason.
 * What belongs to the wire is in proto/frame.h and proto/record.h; what can be
 * set by the operator is in settings.c.
 *
 * Layer: daemon, lowest.
 */
#ifndef DAEMON_LIMITS_H
#define DAEMON_LIMITS_H

/* Connections at once: 1 000 producers and 100 followers are to fit twice. */
#define LIMIT_CONNECTIONS	2048

/* Descriptors beside connections: database, logs, locks, listener, spare. */
#define LIMIT_OTHER_FDS		64

/* Time for HELLO, and for the rest of a frame that has begun, in ms. */
#define LIMIT_HELLO_MS		5000
#define LIMIT_FRAME_MS		30000

/* After an ERROR: time for the peer to read it and go, in ms. */
#define LIMIT_LINGER_MS		1000

/* Bytes taken from one connection per turn of the loop, and frames looked at:
   about a millisecond of work, so that nobody waits long for their turn. */
#define LIMIT_READ_BYTES	(256 * 1024)
#define LIMIT_FRAMES_PER_TURN	512

/* Bytes of a raw stream that are made into lines at once, how many frames that
   counts for, and bytes of it that wait to be. */
#define LIMIT_RAW_BYTES		4096
#define LIMIT_RAW_FRAMES	32
#define LIMIT_RAW_QUEUE		(16 * 1024)

/* Bytes of the unfinished lines of all raw streams, after which those that are
   over so many are given out in parts: 512 can be that long. */
#define LIMIT_RAW_HELD		(16 * 1024 * 1024)
#define LIMIT_RAW_HELD_EACH	(32 * 1024)

/* Bytes queued for a reader before it is left alone until it has read; for a
   producer that does not read what is refused, before it is not read. */
#define LIMIT_READER_QUEUE	(256 * 1024)
#define LIMIT_PRODUCER_QUEUE	(64 * 1024)

/* Bytes queued for an admin who is told of each execution and does not read. */
#define LIMIT_ADMIN_QUEUE	(16 * 1024 * 1024)

/* Rows, bytes and, predicted, dirty pages of one transaction: in a file of our
   own, and in a shared one.  A transaction stays in SQLite's page cache until
   it is committed (cache_spill is off); 16 000 pages are 64 MB. */
#define LIMIT_BATCH_ROWS	20000
#define LIMIT_BATCH_BYTES	(4 * 1024 * 1024)
#define LIMIT_BATCH_PAGES	16000
#define LIMIT_SHARED_PAGES	8000

/* Captures that are kept in mind, lost ones too: 400 bytes each; a user has at
   most half of what the others leave.  And those of one producer. */
#define LIMIT_CAPTURES		8192
#define LIMIT_CAPTURES_EACH	256

/* Executions with values to be masked, and bytes of all forms of those values:
   eight bytes of memory for each, twice that where lines come in parts.  50
   values of 1 KB in one execution have a million.  One user has at most half of
   what the others leave. */
#define LIMIT_SECRETS		2048
#define LIMIT_SECRETS_FORMS	(8 * 1024 * 1024)

/* The values of an execution are forgotten so long after its end; when there
   are too many, those that have been quiet for so long, in ms. */
#define LIMIT_SECRETS_MS	(10 * 60 * 1000)
#define LIMIT_SECRETS_IDLE_MS	(60 * 60 * 1000)

/* Who lists or inspects waits so long for summaries of all that is in the
   file, in ms; while commits are due, so long. */
#define LIMIT_FOLD_MS		1000
#define LIMIT_FOLD_BUSY_MS	50

/* Without work for so long, memory goes back to the system, in ms. */
#define LIMIT_TIDY_MS		10000

/* A clean stop: commit, acknowledge and flush within this, in ms. */
#define LIMIT_STOP_MS		5000

/* No accept for so long when descriptors have run out, in ms. */
#define LIMIT_ACCEPT_PAUSE_MS	100

#endif
