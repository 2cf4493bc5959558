/*
 * A connection to the daemon: frames out, frames in, waiting for either.
 *
 * Layer: client.  Threads: one per link.
 */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/fault.h"
#include "proto/frame.h"
#include "proto/hello.h"
#include "proto/paths.h"

#define LINK_NO_ANSWER	"no answer"	/* so begins the reason when the
					   daemon takes its time */
#define LINK_PATIENCE	10000	/* ms: the longest wait for WELCOME */
#define LINK_REASON	256	/* bytes that hold any reason */

struct link {
	int		 fd;		/* -1: not connected */
	int		 wake;		/* readable: stop waiting; -1: none */
	int		 watch;		/* its reader has gone: the same */
	struct buf	 in;		/* received; in_at of it are done with */
	size_t		 in_at;
	struct buf	 out;		/* to be sent; out_at of it are */
	size_t		 out_at;
	char		 reason[LINK_REASON];	/* why it failed; one line */
	enum fault	 fault;		/* what the daemon said was wrong;
					   FAULT_NONE: nothing that we know */
};

enum link_result {
	LINK_OK,		/* a frame, or: all is sent */
	LINK_NOTHING,		/* no whole frame yet; the time has passed */
	LINK_WOKEN,		/* "wake" is readable */
	LINK_LOST,		/* see reason; the link is closed */
};

/*
 * Connect to the socket at path and exchange HELLO and WELCOME, which may take
 * "patience" ms; 0: LINK_PATIENCE.  False: the link is closed and reason says
 * why.
 */
bool	 link_open(struct link *, const char *path, int wake, int patience,
	    const struct hello *, const char *who, struct welcome *);

/* The same for a raw stream: HELLO and OPENED; behind them fd is a sink. */
bool	 link_open_stream(struct link *, const char *path,
	    const struct hello *, const char *who);

void	 link_close(struct link *);

/*
 * Where the daemon listens: the given path, else EXECLOG_SOCKET, else the
 * default.  False: it does not fit.
 */
bool	 link_path(char path[PATHS_MAX], const char *given);

/* Does anybody listen there?  False: reason says why not. */
bool	 link_probe(const char *path, char reason[LINK_REASON]);

/*
 * The next frame; its body is valid until the next call.  ERROR is not
 * returned: the link is lost with its sentence as reason.  timeout in ms, -1
 * for ever, 0 only what is there.
 */
enum link_result	 link_next(struct link *, struct frame *, int timeout);

/* Send what is in "out", as far as it goes without waiting. */
enum link_result	 link_push(struct link *);

/* Wait until frames have come or, if there is something to send, it can be. */
enum link_result	 link_wait(struct link *, int timeout);

/* Bytes that are not sent yet. */
size_t	 link_unsent(const struct link *);

#endif
