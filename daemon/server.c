#include "daemon/server.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/listener.h>

#include "daemon/admin.h"
#include "daemon/conn.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/produce.h"
#include "daemon/session.h"
#include "daemon/sink.h"
#include "daemon/timer.h"
#include "proto/buf.h"

#define SHUTTING_DOWN	"the daemon is stopping"

struct link {
	LIST_ENTRY(link) entry;
	struct conn	*conn;
};
LIST_HEAD(link_list, link);

struct server {
	struct event_base	*base;
	struct evconnlistener	*listener;
	struct timer		*pause;		/* no accept until it ends */
	struct timer		*reap;		/* frees what is gone */
	struct conn_world	 world;
	struct link_list	 live;
	struct link_list	 gone;
	size_t			 count;		/* live */
	bool			 finishing;
	void			(*on_empty)(void *);
	void			*arg;
};

static void
free_gone(struct server *s)
{
	struct link *link;

	while ((link = LIST_FIRST(&s->gone)) != NULL) {
		LIST_REMOVE(link, entry);
		conn_free(link->conn);
		free(link);
	}
}

static void
on_reap(void *v)
{
	struct server *s = v;

	free_gone(s);
	if (s->finishing && s->count == 0)
		s->on_empty(s->arg);
}

static void
on_gone(struct conn *conn, void *v)
{
	struct server *s = v;
	struct link *link = conn_link(conn);

	LIST_REMOVE(link, entry);
	LIST_INSERT_HEAD(&s->gone, link, entry);
	s->count--;
	timer_set(s->reap, 0);
}

/* One more than we take: it is told so, as far as its socket takes that. */
static void
turn_away(struct server *s, int fd)
{
	struct buf b = { 0 };

	s->world.faults[FAULT_TOO_MANY]++;
	fault_put(&b, FAULT_TOO_MANY,
	    "there are as many connections as the daemon takes");
	if (!b.failed)
		(void)send(fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_free(&b);
	(void)close(fd);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa,
    int n, void *v)
{
	struct server *s = v;
	struct link *link;
	struct conn *conn;

	(void)l;
	(void)sa;
	(void)n;
	if (s->count >= LIMIT_CONNECTIONS) {
		turn_away(s, fd);
		return;
	}
	if ((conn = conn_new(s->base, fd, &s->world)) == NULL)
		return;
	link = log_calloc(1, sizeof *link);
	link->conn = conn;
	conn_set_link(conn, link);
	LIST_INSERT_HEAD(&s->live, link, entry);
	s->count++;
}

/* No descriptors: those who wait stay in the backlog for a moment. */
static void
on_accept_error(struct evconnlistener *l, void *v)
{
	struct server *s = v;

	log_line(LOG_WARNING, "accept: %s", strerror(errno));
	(void)evconnlistener_disable(l);
	timer_set(s->pause, LIMIT_ACCEPT_PAUSE_MS);
}

static void
on_pause(void *v)
{
	struct server *s = v;

	(void)evconnlistener_enable(s->listener);
}

struct server *
server_new(struct event_base *base, int fd, struct roles_context *context,
    void (*on_empty)(void *arg), void *arg)
{
	struct server *s = log_calloc(1, sizeof *s);

	s->base = base;
	s->on_empty = on_empty;
	s->arg = arg;
	LIST_INIT(&s->live);
	LIST_INIT(&s->gone);
	s->world.role[ROLE_PRODUCE] = &produce_role;
	s->world.role[ROLE_READ] = &read_role;
	s->world.role[ROLE_STREAM] = &sink_role;
	s->world.role[ROLE_ADMIN] = &admin_role;
	s->world.context = context;
	s->world.on_gone = on_gone;
	s->world.arg = s;
	s->pause = timer_new(base, on_pause, s);
	s->reap = timer_new(base, on_reap, s);
	/* Backlog 0: the descriptor is listening already. */
	s->listener = evconnlistener_new(base, on_accept, s,
	    LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (s->listener == NULL)
		log_no_memory();
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	return (s);
}

void
server_free(struct server *s)
{
	struct link *link;

	if (s == NULL)
		return;
	while ((link = LIST_FIRST(&s->live)) != NULL)
		conn_drop(link->conn);
	free_gone(s);
	if (s->listener != NULL)
		evconnlistener_free(s->listener);
	timer_free(s->pause);
	timer_free(s->reap);
	free(s);
}

void
server_resume(struct server *s)
{
	struct link *link;

	LIST_FOREACH(link, &s->live, entry)
		conn_resume(link->conn);
}

/* Say goodbye to those who are, or are not, producers. */
static void
part_with(struct server *s, bool producers)
{
	struct link *link, *next;

	for (link = LIST_FIRST(&s->live); link != NULL; link = next) {
		next = LIST_NEXT(link, entry);
		if (conn_is(link->conn, &produce_role) == producers)
			conn_fault(link->conn, FAULT_SHUTTING_DOWN,
			    SHUTTING_DOWN);
	}
}

void
server_stop(struct server *s)
{
	if (s->listener == NULL)
		return;
	evconnlistener_free(s->listener);
	s->listener = NULL;
	timer_clear(s->pause);
	part_with(s, false);
}

void
server_finish(struct server *s)
{
	if (s->finishing)
		return;
	s->finishing = true;
	part_with(s, true);
	timer_set(s->reap, 0);
}

size_t
server_count(const struct server *s)
{
	return (s->count);
}

const uint64_t *
server_faults(const struct server *s)
{
	return (s->world.faults);
}
