#include "client/link.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/fault.h"
#include "proto/json.h"

#define READ_BYTES	(64 * 1024)	/* of one read */

static enum link_result
lost(struct link *l, const char *why)
{
	(void)snprintf(l->reason, sizeof l->reason, "%s", why);
	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = -1;
	return (LINK_LOST);
}

static enum fault
fault_of(struct span code)
{
	int i;

	for (i = FAULT_COUNT - 1; i > FAULT_NONE; i--)
		if (span_is(code, fault_code((enum fault)i)))
			break;
	return ((enum fault)i);
}

/* The daemon's ERROR is the reason. */
static enum link_result
lost_by_error(struct link *l, struct span body)
{
	struct complaint c;
	struct json_t *doc;
	char why[LINK_REASON];

	if ((doc = complaint_decode(body, &c)) == NULL)
		return (lost(l, "an ERROR that cannot be read"));
	(void)snprintf(why, sizeof why, "%.*s (%.*s)", (int)c.message.n,
	    c.message.p, (int)c.code.n, c.code.p);
	l->fault = fault_of(c.code);
	jdoc_free(doc);
	return (lost(l, why));
}

void
link_close(struct link *l)
{
	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = -1;
	/* Values to be masked are sent from here. */
	if (l->out.p != NULL)
		explicit_bzero(l->out.p, l->out.cap);
	buf_free(&l->in);
	buf_free(&l->out);
	l->in_at = l->out_at = 0;
}

size_t
link_unsent(const struct link *l)
{
	return (l->out.n - l->out_at);
}

enum link_result
link_push(struct link *l)
{
	ssize_t n;

	if (l->fd == -1)
		return (LINK_LOST);
	if (l->out.failed)
		return (lost(l, "out of memory"));
	while (link_unsent(l) > 0) {
		n = send(l->fd, l->out.p + l->out_at, link_unsent(l),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			l->out_at += (size_t)n;
		else if (errno == EAGAIN)
			return (LINK_NOTHING);
		else if (errno == EPIPE || errno == ECONNRESET)
			/* There may be an ERROR to read, which says why. */
			return (LINK_NOTHING);
		else if (errno != EINTR)
			return (lost(l, strerror(errno)));
	}
	buf_reset(&l->out);
	l->out_at = 0;
	return (LINK_OK);
}

/* Read what is there; LINK_OK if something was. */
static enum link_result
fill(struct link *l)
{
	ssize_t n;

	if (l->in_at > 0) {
		memmove(l->in.p, l->in.p + l->in_at, l->in.n - l->in_at);
		l->in.n -= l->in_at;
		l->in_at = 0;
	}
	if (!buf_reserve(&l->in, READ_BYTES))
		return (lost(l, "out of memory"));
	n = recv(l->fd, l->in.p + l->in.n, READ_BYTES, MSG_DONTWAIT);
	if (n > 0) {
		l->in.n += (size_t)n;
		return (LINK_OK);
	}
	if (n == 0)
		return (lost(l, "the daemon closed the connection"));
	if (errno == EAGAIN || errno == EINTR)
		return (LINK_NOTHING);
	return (lost(l, strerror(errno)));
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000);
}

/* As poll, but signals are no answer: who wants to be woken has "wake". */
static int
poll_whole(struct pollfd *p, nfds_t n, int timeout)
{
	int64_t until = now_ms() + timeout, left = timeout;
	int ready;

	while ((ready = poll(p, n, (int)left)) == -1 && errno == EINTR)
		if (timeout > 0 && (left = until - now_ms()) < 0)
			left = 0;
	return (ready);
}

enum link_result
link_wait(struct link *l, int timeout)
{
	struct pollfd p[3] = {
		{ .fd = l->fd, .events = POLLIN },
		{ .fd = l->wake, .events = POLLIN },
		{ .fd = l->watch, .events = 0 },
	};

	if (l->fd == -1)
		return (LINK_LOST);
	if (link_unsent(l) > 0)
		p[0].events |= POLLOUT;
	if (poll_whole(p, 3, timeout) == -1)
		return (lost(l, strerror(errno)));
	if (p[1].revents != 0 || p[2].revents != 0)
		return (LINK_WOKEN);
	return (p[0].revents != 0 ? LINK_OK : LINK_NOTHING);
}

/* Take a frame out of what was received. */
static enum link_result
take(struct link *l, struct frame *f)
{
	const char *p = l->in.p + l->in_at;
	size_t n = l->in.n - l->in_at;

	if (n == 0)
		return (LINK_NOTHING);
	switch (frame_decode(p, n, f)) {
	case FRAME_OK:
		l->in_at += f->size;
		if (f->type == FRAME_ERROR)
			return (lost_by_error(l, f->body));
		return (LINK_OK);
	case FRAME_SHORT:
		return (LINK_NOTHING);
	default:
		return (lost(l, "this is not an execlog daemon: a frame that "
		    "is none"));
	}
}

enum link_result
link_next(struct link *l, struct frame *f, int timeout)
{
	enum link_result result;

	for (;;) {
		if ((result = take(l, f)) != LINK_NOTHING)
			return (result);
		if (l->fd == -1)
			return (LINK_LOST);
		if ((result = fill(l)) == LINK_OK)
			continue;
		if (result == LINK_LOST || timeout == 0)
			return (result);
		if ((result = link_wait(l, timeout)) != LINK_OK)
			return (result);
		if (link_push(l) == LINK_LOST)
			return (LINK_LOST);
	}
}

static bool
connect_to(struct link *l, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof un.sun_path) {
		(void)lost(l, "the path is too long for a socket: at most "
		    "107 bytes");
		return (false);
	}
	(void)strcpy(un.sun_path, path);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd == -1 ||
	    connect(l->fd, (const struct sockaddr *)&un, sizeof un) == -1) {
		(void)lost(l, strerror(errno));
		return (false);
	}
	return (true);
}

bool
link_path(char path[PATHS_MAX], const char *given)
{
	const char *env = getenv("EXECLOG_SOCKET");

	if (given == NULL && env != NULL && *env != '\0')
		given = env;
	if (given == NULL)
		return (paths_socket(path, PATHS_MAX));
	return (snprintf(path, PATHS_MAX, "%s", given) < PATHS_MAX);
}

bool
link_probe(const char *path, char reason[LINK_REASON])
{
	struct link l = { .fd = -1, .wake = -1 };
	bool listens = connect_to(&l, path);

	(void)strcpy(reason, l.reason);
	link_close(&l);
	return (listens);
}

/* Say HELLO; false: there is no answer, and the link is closed. */
static bool
greet(struct link *l, const char *path, int wake, int patience,
    const struct hello *hello, const char *who, struct frame *answer)
{
	*l = (struct link){ .fd = -1, .wake = wake, .watch = -1 };
	if (!connect_to(l, path))
		return (false);
	hello_put(&l->out, hello, who);
	(void)link_push(l);
	switch (link_next(l, answer, patience > 0 ? patience :
	    LINK_PATIENCE)) {
	case LINK_OK:
		return (true);
	case LINK_NOTHING:
		(void)lost(l, LINK_NO_ANSWER " in time");
		break;
	case LINK_WOKEN:
		(void)lost(l, "interrupted");
		break;
	case LINK_LOST:
		break;
	}
	link_close(l);
	return (false);
}

static bool
refuse(struct link *l)
{
	l->fault = FAULT_BAD_VERSION;
	(void)lost(l, "the daemon speaks another protocol");
	link_close(l);
	return (false);
}

bool
link_open(struct link *l, const char *path, int wake, int patience,
    const struct hello *hello, const char *who, struct welcome *welcome)
{
	struct frame f;

	if (!greet(l, path, wake, patience, hello, who, &f))
		return (false);
	return ((f.type == FRAME_WELCOME && welcome_decode(f.body, welcome)) ||
	    refuse(l));
}

bool
link_open_stream(struct link *l, const char *path, const struct hello *hello,
    const char *who)
{
	struct frame f;

	if (!greet(l, path, -1, 0, hello, who, &f))
		return (false);
	return (f.type == FRAME_OPENED || refuse(l));
}
