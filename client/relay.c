#include "client/relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/deliver.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/stamp.h"
#include "client/times.h"

#define SLICE_MS	50	/* between two looks for a signal */

void
relay_init(struct relay *r, bool tee)
{
	struct relay_side *out = &r->side[0], *err = &r->side[1];

	out->stream = EXECLOG_STDOUT;
	out->fd = &r->child->out;
	out->tee = tee ? STDOUT_FILENO : -1;
	err->stream = EXECLOG_STDERR;
	err->fd = &r->child->err;
	err->tee = tee ? STDERR_FILENO : -1;
}

/*
 * A terminal sends Ctrl-C to the child, too, unless it has a group of its own.
 * What comes after the child's end is for us, and for who waits later.
 */
static void
pass_signal(struct relay *r)
{
	int sig = interrupt_signal();
	bool has_it = interrupt_is_terminals() && r->child->group > 0;

	if (sig == 0)
		return;
	r->told = true;
	r->hurry = r->ended;
	if (r->ended)
		return;
	interrupt_clear();
	if (!has_it)
		child_signal(r->child, sig);
}

static bool
is_writable(int fd)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	return (poll(&p, 1, 0) == 1);
}

/*
 * Copy on what its reader takes without a wait.  It may be gone: that is no
 * reason to lose something here.
 */
static void
copy_on(struct relay_side *s)
{
	size_t n;
	ssize_t written;

	while (s->tee != -1 && s->teed < s->n && is_writable(s->tee)) {
		/* So much goes into a pipe that is writable. */
		n = s->n - s->teed < PIPE_BUF ? s->n - s->teed : PIPE_BUF;
		written = write(s->tee, s->bytes + s->teed, n);
		if (written >= 0)
			s->teed += (size_t)written;
		else if (errno == EAGAIN || errno == EINTR)
			return;
		else
			s->tee = -1;
	}
	if (s->tee == -1)
		s->teed = s->n;
}

/* Read what the child has said; at its end the descriptor is closed. */
static void
fill(struct relay *r, struct relay_side *s)
{
	ssize_t n = read(*s->fd, s->bytes, sizeof s->bytes);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		s->read_at = stamp_now(&r->newest);
		s->at = s->teed = 0;
		s->n = (size_t)n;
		return;
	}
	/* A terminal that nobody has open any more says EIO. */
	(void)close(*s->fd);
	*s->fd = -1;
}

static uint64_t
count_lines(const char *p, size_t n)
{
	uint64_t lines = 0;

	for (; n > 0; p++, n--)
		lines += *p == '\n';
	return (lines);
}

/* What waits cannot be stored any more. */
static void
drop(struct relay *r, struct relay_side *s)
{
	if (!r->lossy) {
		deliver_explain(r->delivery);
		complain("output is lost: %s", r->delivery->reason);
	}
	r->lossy = true;
	r->dropped += count_lines(s->bytes + s->at, s->n - s->at);
	s->torn = s->bytes[s->n - 1] != '\n';
	s->cut = true;
	s->at = s->n;
}

/* After a drop: begin again with a whole line. */
static enum execlog_result
mend(struct relay *r, struct relay_side *s)
{
	const char *lf = memchr(s->bytes + s->at, '\n', s->n - s->at);
	enum execlog_result result = EXECLOG_OK;

	if (s->torn) {
		s->at = lf != NULL ? (size_t)(lf + 1 - s->bytes) : s->n;
		r->dropped += lf != NULL;
		s->torn = lf == NULL;
	}
	if (s->cut)
		result = execlog_capture_tear(r->capture, s->stream);
	s->cut = result != EXECLOG_OK;
	return (result);
}

/* Queue what waits, as far as there is room. */
static void
drain(struct relay *r, struct relay_side *s)
{
	enum execlog_result result = EXECLOG_FAILED;
	size_t taken;

	if (s->at == s->n)
		return;
	if (r->capture != NULL)
		result = mend(r, s);
	while (s->at < s->n && result == EXECLOG_OK) {
		result = execlog_capture_feed_at(r->capture, s->stream,
		    s->read_at, s->bytes + s->at, s->n - s->at, &taken);
		r->taken += count_lines(s->bytes + s->at, taken);
		s->at += taken;
	}
	if (result == EXECLOG_WOULD_BLOCK && !deliver_is_given_up(r->delivery))
		return;
	if (s->at < s->n)
		drop(r, s);
	s->quiet_at = r->capture != NULL &&
	    execlog_capture_holds(r->capture, s->stream) ?
	    times_monotonic_ms() + EXECLOG_SILENCE : 0;
}

static void
flush_if_quiet(struct relay *r, struct relay_side *s, int64_t now)
{
	if (s->quiet_at == 0 || now < s->quiet_at || s->at < s->n)
		return;
	if (execlog_capture_flush(r->capture, s->stream) !=
	    EXECLOG_WOULD_BLOCK)
		s->quiet_at = 0;
	else
		s->quiet_at = now + EXECLOG_SILENCE;
}

static void
on_end(struct relay *r)
{
	r->ended = true;
	child_reap(r->child, &r->end);
	r->until = times_monotonic_ms() + r->drain;
	/* From now on we are who waits. */
	deliver_be_patient(r->delivery);
}

static bool
has_output(const struct relay *r)
{
	return (*r->side[0].fd != -1 || *r->side[1].fd != -1);
}

/* Does something wait for room in the queue? */
static bool
is_blocked(const struct relay *r)
{
	return (r->side[0].at < r->side[0].n || r->side[1].at < r->side[1].n);
}

/* Or for the reader of the copy? */
static bool
is_copying(const struct relay *r)
{
	return (r->side[0].teed < r->side[0].n ||
	    r->side[1].teed < r->side[1].n);
}

/* Who was told to end does not wait for ever for a reader. */
static bool
is_over(const struct relay *r, int64_t now)
{
	if (!r->ended || r->hurry)
		return (r->ended);
	if (is_blocked(r))
		return (false);
	if (is_copying(r))
		return (r->told && now >= r->until);
	return (!has_output(r) || now >= r->until);
}

/* ms until there is something to do by the clock; -1: never. */
static int
next_ms(const struct relay *r, int64_t now)
{
	int64_t next = r->ended && r->until > now ? r->until : INT64_MAX;
	int i;

	for (i = 0; i < RELAY_SIDES; i++)
		if (r->side[i].quiet_at != 0 && r->side[i].quiet_at < next)
			next = r->side[i].quiet_at;
	if (next == INT64_MAX)
		return (-1);
	return (next > now ? (int)(next - now) : 0);
}

/* More is read when all that was read is queued and copied. */
static int
readable(const struct relay_side *s)
{
	return (s->at == s->n && s->teed == s->n ? *s->fd : -1);
}

static void
serve(struct relay *r, struct relay_side *s, bool is_readable)
{
	if (is_readable)
		fill(r, s);
	copy_on(s);
	drain(r, s);
	flush_if_quiet(r, s, times_monotonic_ms());
}

/* That time is not the child's: it does not count for what it has left. */
static void
await_room(struct relay *r)
{
	int64_t begun = times_monotonic_ms();

	(void)execlog_wait_room(r->delivery->log, SLICE_MS);
	r->until += times_monotonic_ms() - begun;
}

/* Wait for the child, its output, a reader of the copy, a signal. */
static void
turn(struct relay *r, int64_t now)
{
	enum { OUT, ERR, TEE, END = TEE + RELAY_SIDES, SIGNAL, COUNT };
	struct pollfd p[COUNT] = {
		[END] = { r->ended ? -1 : r->child->pidfd, POLLIN, 0 },
		[SIGNAL] = { interrupt_fd(), POLLIN, 0 },
	};
	const struct relay_side *s;
	int i;

	for (i = 0; i < RELAY_SIDES; i++) {
		s = &r->side[i];
		p[i] = (struct pollfd){ readable(s), POLLIN, 0 };
		p[TEE + i] = (struct pollfd){ s->teed < s->n ? s->tee : -1,
		    POLLOUT, 0 };
	}
	if (poll(p, COUNT, is_blocked(r) ? 0 : next_ms(r, now)) == -1)
		for (i = 0; i < COUNT; i++)
			p[i].revents = 0;
	if (p[END].revents != 0)
		on_end(r);
	pass_signal(r);
	for (i = 0; i < RELAY_SIDES; i++)
		serve(r, &r->side[i], p[i].fd != -1 && p[i].revents != 0);
	if (is_blocked(r))
		await_room(r);
}

/* Why not all was captured; false: all was. */
static bool
is_cut(const struct relay *r, char why[RELAY_CUT])
{
	bool out = *r->side[0].fd != -1, err = *r->side[1].fd != -1;

	if (r->dropped > 0)
		(void)snprintf(why, RELAY_CUT, "%llu line%s could not be "
		    "stored", (unsigned long long)r->dropped,
		    r->dropped == 1 ? "" : "s");
	else if (out || err)
		(void)snprintf(why, RELAY_CUT, "a process that the command "
		    "has left behind has %s still open", out && err ?
		    "stdout and stderr" : out ? "stdout" : "stderr");
	return (r->dropped > 0 || out || err);
}

static void
close_capture(struct relay *r, const char *cut)
{
	while (r->capture != NULL &&
	    execlog_capture_close(r->capture, cut) == EXECLOG_WOULD_BLOCK) {
		if (deliver_is_given_up(r->delivery) ||
		    interrupt_signal() != 0) {
			execlog_capture_abandon(r->capture);
			break;
		}
		(void)execlog_wait_room(r->delivery->log, SLICE_MS);
	}
	r->capture = NULL;
}

void
relay_close(struct relay *r)
{
	close_capture(r, NULL);
}

void
relay_run(struct relay *r)
{
	char why[RELAY_CUT];
	int64_t now;
	int i;

	while (now = times_monotonic_ms(), !is_over(r, now))
		turn(r, now);
	for (i = 0; i < RELAY_SIDES; i++)
		if (r->side[i].at < r->side[i].n)
			drop(r, &r->side[i]);
	close_capture(r, is_cut(r, why) ? why : NULL);
}
