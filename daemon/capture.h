/*
 * What happens to captures: they open, lines come, they close.  Decides what an
 * attempt may store.
 *
 * Layer: daemon.  Threads: the loop's.  No I/O; time comes in.
 */
#ifndef DAEMON_CAPTURE_H
#define DAEMON_CAPTURE_H

#include <stdint.h>

#include "proto/fault.h"
#include "proto/span.h"

struct capture;
struct capture_close;
struct capture_open;
struct holder;
struct intake;
struct line;

/*
 * Each answers REFUSAL_NONE or why not; a refusal leaves a WARN row where the
 * execution is known, and of a capture that is not opened also streams that are
 * lost.  The holder may be NULL: who has opened nothing.
 */
enum refusal	 capture_open(const struct intake *, struct holder *,
		    const struct capture_open *);
enum refusal	 capture_line(const struct intake *, struct holder *,
		    const struct line *);
enum refusal	 capture_close(const struct intake *, struct holder *,
		    const struct capture_close *);

/* Whose execution the capture's output is; SPAN_NONE: there is none open. */
struct span	 capture_execution(struct holder *, uint32_t capture);

/* A capture has ended.  If it was the last one of its attempt, and not all of
   that could be stored, a row says how much was dropped. */
void		 capture_tell_dropped(const struct intake *,
		    const struct capture *);

#endif
