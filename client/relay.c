#include "client/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/deliver.h"
#include "client/escape.h"
#include "client/interrupt.h"
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

/* A terminal sends Ctrl-C to the child, too, unless it has a group of its
   own. */
static void
pass_signal(struct relay *r)
{
	int sig = interrupt_signal();

	if (sig == 0)
		return;
	interrupt_clear();
	if (!r->ended && (sig != SIGINT || r->child->group < 0))
		child_signal(r->child, sig);
}

/* Whoever reads our output may go: that is no reason to lose it here. */
static void
copy_on(struct relay_side *s, const char *p, size_t n)
{
	struct pollfd room = { s->tee, POLLOUT, 0 };
	ssize_t written;

	while (s->tee != -1 && n > 0) {
		written = write(s->tee, p, n);
		if (written >= 0) {
			p += written;
			n -= (size_t)written;
		} else if (errno == EAGAIN)
			(void)poll(&room, 1, SLICE_MS);
		else if (errno != EINTR)
			s->tee = -1;
	}
}

/* Read what the child has said; at its end the descriptor is closed. */
static void
fill(struct relay_side *s)
{
	ssize_t n = read(*s->fd, s->bytes, sizeof s->bytes);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		s->at = 0;
		s->n = (size_t)n;
		copy_on(s, s->bytes, s->n);
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
	if (r->dropped == 0)
		complain("no execlogd, and the queue is full: output is lost");
	r->dropped += count_lines(s->bytes + s->at, s->n - s->at);
	s->torn = s->bytes[s->n - 1] != '\n';
	s->cut = true;
	s->at = s->n = 0;
}

/* After a drop: begin again with a whole line. */
static enum execlog_result
mend(struct relay *r, struct relay_side *s)
{
	const char *lf = memchr(s->bytes + s->at, '\n', s->n - s->at);
	enum execlog_result result = EXECLOG_OK;
	size_t taken;

	if (s->torn) {
		s->at = lf != NULL ? (size_t)(lf + 1 - s->bytes) : s->n;
		r->dropped += lf != NULL;
		s->torn = lf == NULL;
	}
	if (s->cut && execlog_capture_holds(r->capture, s->stream)) {
		result = execlog_capture_feed(r->capture, s->stream, "\n", 1,
		    &taken);
		r->halves += result == EXECLOG_OK;
	}
	s->cut = result != EXECLOG_OK;
	return (result);
}

/* Queue what waits; false: there is no room. */
static bool
drain(struct relay *r, struct relay_side *s)
{
	enum execlog_result result = EXECLOG_FAILED;
	size_t taken;

	if (s->at == s->n)
		return (true);
	if (r->capture != NULL)
		result = mend(r, s);
	while (s->at < s->n && result == EXECLOG_OK) {
		result = execlog_capture_feed(r->capture, s->stream,
		    s->bytes + s->at, s->n - s->at, &taken);
		r->taken += count_lines(s->bytes + s->at, taken);
		s->at += taken;
	}
	if (result == EXECLOG_WOULD_BLOCK &&
	    !deliver_is_given_up(r->delivery))
		return (false);
	if (result != EXECLOG_OK && s->at < s->n)
		drop(r, s);
	s->quiet_at = execlog_capture_holds(r->capture, s->stream) ?
	    times_monotonic_ms() + EXECLOG_SILENCE : 0;
	return (true);
}

static void
flush_if_quiet(struct relay *r, struct relay_side *s, int64_t now)
{
	if (s->quiet_at == 0 || now < s->quiet_at)
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

/* ms until there is something to do by the clock; -1: never. */
static int
next_ms(const struct relay *r, int64_t now)
{
	int64_t next = r->ended ? r->until : INT64_MAX;
	int i;

	for (i = 0; i < RELAY_SIDES; i++)
		if (r->side[i].quiet_at != 0 && r->side[i].quiet_at < next)
			next = r->side[i].quiet_at;
	if (next == INT64_MAX)
		return (-1);
	return (next > now ? (int)(next - now) : 0);
}

/* Wait for the child, its output, a signal. */
static void
turn(struct relay *r, int64_t now)
{
	enum { OUT, ERR, END, SIGNAL, COUNT };
	struct pollfd p[COUNT] = {
		[OUT] = { *r->side[0].fd, POLLIN, 0 },
		[ERR] = { *r->side[1].fd, POLLIN, 0 },
		[END] = { r->ended ? -1 : r->child->pidfd, POLLIN, 0 },
		[SIGNAL] = { interrupt_fd(), POLLIN, 0 },
	};
	int i;

	if (poll(p, COUNT, next_ms(r, now)) == -1 && errno != EINTR)
		return;
	pass_signal(r);
	for (i = 0; i < RELAY_SIDES; i++) {
		if (p[i].revents != 0 && *r->side[i].fd != -1)
			fill(&r->side[i]);
		while (!drain(r, &r->side[i])) {
			(void)execlog_wait_room(r->delivery->log, SLICE_MS);
			pass_signal(r);
		}
		flush_if_quiet(r, &r->side[i], times_monotonic_ms());
	}
	if (!r->ended && p[END].revents != 0)
		on_end(r);
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
	int i;

	if (r->capture == NULL)
		return;
	for (i = 0; i < RELAY_SIDES; i++)
		r->halves += r->side[i].cut &&
		    execlog_capture_holds(r->capture, r->side[i].stream);
	while (execlog_capture_close(r->capture, cut) == EXECLOG_WOULD_BLOCK) {
		if (deliver_is_given_up(r->delivery)) {
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

	while (now = times_monotonic_ms(),
	    !r->ended || (has_output(r) && now < r->until))
		turn(r, now);
	close_capture(r, is_cut(r, why) ? why : NULL);
}
