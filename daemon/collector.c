#include "daemon/collector.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/census.h"
#include "daemon/checkpointer.h"
#include "daemon/clock.h"
#include "daemon/context.h"
#include "daemon/follow.h"
#include "daemon/ingest.h"
#include "daemon/limits.h"
#include "daemon/listener.h"
#include "daemon/log.h"
#include "daemon/lost.h"
#include "daemon/reader.h"
#include "daemon/retention.h"
#include "daemon/secrets.h"
#include "daemon/server.h"
#include "daemon/service.h"
#include "daemon/settings.h"
#include "daemon/status.h"
#include "daemon/streams.h"
#include "daemon/timer.h"
#include "sql/checkpoint.h"
#include "sql/dbfile.h"
#include "sql/pages.h"
#include "sql/store.h"

struct collector {
	const struct settings	*settings;
	struct listener		 listener;
	struct dbfile		 file;
	struct store		*store;
	struct checkpoint	*checkpoint;
	struct pages		*pages;

	struct event_base	*base;
	struct event		*sigterm;
	struct event		*sigint;
	struct timer		*stop_limit;
	struct follow		*follow;
	struct streams		*streams;
	struct secrets		*secrets;
	struct ingest		*ingest;
	struct reader		*reader;
	struct checkpointer	*checkpointer;
	struct census		*census;
	struct retention	*retention;
	struct server		*server;
	struct roles_context	 roles;

	struct position		 found;		/* where the file was */
	int64_t			 started;	/* monotonic ms */
	bool			 stopping;
	int			 code;
};

static const char *
text(const struct collector *c, enum setting s)
{
	return (c->settings->value[s].text);
}

static int64_t
number(const struct collector *c, enum setting s)
{
	return (c->settings->value[s].number);
}

/* ------------------------------------------------------------ stopping */

/* All that could be done is done: was it enough? */
static void
on_enough(void *v)
{
	struct collector *c = v;
	struct ingest_figures f;

	ingest_figures(c->ingest, &f);
	if (f.pending_rows > 0) {
		log_line(LOG_ERR, "stopped with %llu records not committed "
		    "and not acknowledged",
		    (unsigned long long)f.pending_rows);
		c->code = EXIT_UNCLEAN;
	}
	(void)event_base_loopbreak(c->base);
}

static void
on_drained(void *v)
{
	struct collector *c = v;

	server_finish(c->server);
}

static void
on_signal(evutil_socket_t sig, short what, void *v)
{
	struct collector *c = v;

	(void)what;
	if (c->stopping)
		return;
	c->stopping = true;
	log_line(LOG_INFO, "stopping on %s", sig == SIGTERM ? "SIGTERM" :
	    "SIGINT");
	service_stopping();
	timer_set(c->stop_limit, LIMIT_STOP_MS);
	server_stop(c->server);
	ingest_drain(c->ingest);
}

static void
on_fatal(enum sql_result result, void *v)
{
	struct collector *c = v;

	c->code = result == SQL_MOVED ? EXIT_MOVED : EXIT_IO;
	(void)event_base_loopbreak(c->base);
}

/* ------------------------------------------------------------- serving */

static void
on_room(void *v)
{
	struct collector *c = v;

	server_resume(c->server);
}

static void
on_commit(const struct store_commit *done, void *v)
{
	struct collector *c = v;

	census_committed(c->census, done);
}

static void
on_swept(void *v)
{
	struct collector *c = v;

	census_again(c->census);
}

static void
on_quiet(void *v)
{
	struct collector *c = v;

	ingest_poke(c->ingest);
}

static void
put_status(struct buf *b, const struct counts *counts, const char *unreadable,
    void *v)
{
	struct collector *c = v;
	struct status s = {
		.sqlite_version = store_sqlite_version(),
		.path = c->file.path,
		.uptime_s = (clock_mono_ms() - c->started) / 1000,
		.counts = *counts,
		.unreadable = unreadable,
		.followers = follow_count(c->follow),
		.connections = server_count(c->server),
		.faults = server_faults(c->server),
	};

	ingest_figures(c->ingest, &s.ingest);
	dbfile_sizes(&c->file, &s.db_bytes, &s.wal_bytes);
	census_room(c->census, s.db_bytes + s.wal_bytes);
	if (unreadable == NULL)
		census_seen(c->census, counts);
	census_figures(c->census, &s.census);
	checkpointer_figures(c->checkpointer, &s.checkpoint);
	retention_figures(c->retention, &s.retention);
	status_put(b, &s);
}

/* ------------------------------------------------------------ starting */

static bool
unusable(const char *path, const char *why)
{
	log_line(LOG_ERR, "%s: %s", path, why);
	return (false);
}

static bool
unusable_file(const char *path, const struct sql_error *error)
{
	log_line(LOG_ERR, "%s: %s%s", path, error->text,
	    error->result == SQL_FULL ? SQL_MAKE_ROOM : "");
	return (false);
}

static bool
claim_socket(struct collector *c, const char *note)
{
	char error[LISTENER_SENTENCE];
	const char *path = text(c, SETTING_SOCKET);
	int fd = service_socket();

	if (fd == SERVICE_BAD_SOCKET)
		return (unusable("LISTEN_FDS",
		    "not one listening Unix stream socket"));
	if (fd != SERVICE_NO_SOCKET) {
		listener_inherit(&c->listener, fd);
		return (true);
	}
	return (listener_claim(&c->listener, path,
	    (mode_t)number(c, SETTING_SOCKET_MODE),
	    (gid_t)number(c, SETTING_SOCKET_GROUP), note, error) ||
	    unusable(path, error));
}

/*
 * What is in the log is copied before anything is served: after an I/O error
 * at a commit that is what makes the file whole again.
 */
static bool
first_checkpoint(struct collector *c, struct sql_error *error)
{
	int frames, left;

	if (checkpoint_pass(c->checkpoint, &frames, &left, error) == SQL_DONE)
		return (true);
	/* A full disk or a lock is no reason not to serve readers. */
	log_line(LOG_WARNING, "checkpoint: %s", error->text);
	return (error->result == SQL_BUSY || error->result == SQL_FULL);
}

static bool
open_database(struct collector *c, const char *note)
{
	const char *path = text(c, SETTING_DB);
	bool full = number(c, SETTING_SYNC) == 1;
	struct sql_error error = { 0 };

	c->streams = streams_new((size_t)number(c, SETTING_MAX_STREAMS),
	    (uint64_t)number(c, SETTING_STREAM_MAX));
	if (!dbfile_claim(&c->file, path, note, &error) ||
	    (c->store = store_open(c->file.path, full,
	    number(c, SETTING_NO_MIGRATE) == 0, clock_wall_ms(), &error)) ==
	    NULL ||
	    (c->checkpoint = checkpoint_open(c->file.path, &error)) == NULL ||
	    !first_checkpoint(c, &error) ||
	    (c->pages = pages_open(c->file.path, &error)) == NULL ||
	    store_position(c->store, &c->found, &error) != SQL_DONE ||
	    (c->retention = retention_open(c->settings, c->store, &error)) ==
	    NULL || store_streams(c->store, streams_restore, c->streams,
	    &error) != SQL_DONE)
		return (unusable_file(path, &error));
	if (store_was_mended(c->store))
		log_line(LOG_WARNING, "triggers that keep the audit trail "
		    "append-only were gone or changed: made again");
	c->follow = follow_new(&c->found);
	return (true);
}

static bool
has_streams(struct span execution, void *v)
{
	const struct collector *c = v;

	return (streams_of(c->streams, execution) > 0);
}

static bool
start_threads(struct collector *c)
{
	const struct secrets_hooks secrets = {
		.in_use = has_streams,
		.on_first = on_room,
		.arg = c,
	};
	const struct ingest_config config = {
		.flush_rows = (size_t)number(c, SETTING_FLUSH_ROWS),
		.flush_ms = number(c, SETTING_FLUSH_MS),
		.max_pending = (size_t)number(c, SETTING_MAX_PENDING),
		.lock_ms = number(c, SETTING_LOCK_MS),
		.secrets = c->secrets = secrets_new(c->base, &secrets),
	};
	const struct ingest_hooks hooks = {
		.on_room = on_room,
		.on_fatal = on_fatal,
		.on_commit = on_commit,
		.on_swept = on_swept,
		.on_drained = on_drained,
		.arg = c,
	};

	if ((c->ingest = ingest_start(c->base, c->store, c->follow,
	    c->streams, &config, &hooks)) == NULL ||
	    (c->reader = reader_start(c->base, c->pages)) == NULL ||
	    (c->checkpointer = checkpointer_start(c->base, c->checkpoint,
	    on_quiet, on_fatal, c)) == NULL)
		return (unusable("thread", strerror(errno)));
	ingest_set_checkpointer(c->ingest, c->checkpointer);
	c->census = census_start(c->base, c->reader, &c->found,
	    number(c, SETTING_WARN_LOG_BYTES),
	    number(c, SETTING_RETENTION_DAYS));
	ingest_set_retention(c->ingest, c->retention);
	return (true);
}

static struct event *
catch(struct collector *c, int sig)
{
	struct event *e = evsignal_new(c->base, sig, on_signal, c);

	if (e == NULL || evsignal_add(e, NULL) == -1)
		log_no_memory();
	return (e);
}

static bool
start_loop(struct collector *c)
{
	struct event_config *config = event_config_new();

	if (config == NULL)
		log_no_memory();
	/* Gaps between transactions are a few ms: they are to be exact. */
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	c->base = event_base_new_with_config(config);
	event_config_free(config);
	if (c->base == NULL)
		return (unusable("event loop", strerror(errno)));
	c->sigterm = catch(c, SIGTERM);
	c->sigint = catch(c, SIGINT);
	c->stop_limit = timer_new(c->base, on_enough, c);
	return (true);
}

static bool
start_serving(struct collector *c)
{
	char error[LISTENER_SENTENCE];

	c->roles = (struct roles_context){
		.base = c->base,
		.ingest = c->ingest,
		.follow = c->follow,
		.reader = c->reader,
		.retention = c->retention,
		.secrets = c->secrets,
		.put_status = put_status,
		.arg = c,
	};
	if (!listener_listen(&c->listener, error))
		return (unusable(c->listener.path, error));
	c->server = server_new(c->base, c->listener.fd, &c->roles, on_enough,
	    c);
	/* From now on producers can come back. */
	streams_await(c->streams, clock_mono_ms() + LOST_GRACE_MS);
	ingest_poke(c->ingest);
	log_line(LOG_INFO, "serving %s on %s", c->file.path,
	    c->listener.path);
	service_ready();
	return (true);
}

static bool
start(struct collector *c)
{
	char note[128 + PATHS_MAX];

	c->started = clock_mono_ms();
	(void)snprintf(note, sizeof note, "execlogd, pid %ld, on socket %s\n",
	    (long)getpid(), text(c, SETTING_SOCKET));
	/* The loop first: from then on SIGTERM waits until all is there. */
	return (start_loop(c) && claim_socket(c, note) &&
	    open_database(c, note) && start_threads(c) && start_serving(c));
}

/* ---------------------------------------------------------------- ending */

/* So that the file is whole by itself, without its log, where possible. */
static void
last_checkpoint(struct collector *c)
{
	struct sql_error error;
	int frames, left;

	if (c->checkpoint != NULL && c->code == EXIT_STOPPED &&
	    checkpoint_pass(c->checkpoint, &frames, &left, &error) != SQL_DONE)
		log_line(LOG_NOTICE, "last checkpoint: %s", error.text);
}

/* In the reverse order; takes what has begun only halfway. */
static void
end(struct collector *c)
{
	server_free(c->server);
	/* The threads first: each may be at work on what follows. */
	checkpointer_stop(c->checkpointer);
	census_stop(c->census);
	reader_stop(c->reader);
	ingest_stop(c->ingest);
	if (c->code == EXIT_STOPPED)
		store_settle(c->store);
	last_checkpoint(c);
	retention_free(c->retention);
	follow_free(c->follow);
	streams_free(c->streams);
	secrets_free(c->secrets);
	pages_close(c->pages);
	checkpoint_close(c->checkpoint);
	store_close(c->store);
	timer_free(c->stop_limit);
	if (c->sigterm != NULL)
		event_free(c->sigterm);
	if (c->sigint != NULL)
		event_free(c->sigint);
	if (c->base != NULL)
		event_base_free(c->base);
	listener_close(&c->listener);
	dbfile_release(&c->file);
}

int
collector_run(const struct settings *settings)
{
	struct collector c = {
		.settings = settings,
		.listener = { .fd = -1, .lock = -1 },
		.file = { .lock = -1 },
		.code = EXIT_STOPPED,
	};

	if (start(&c))
		(void)event_base_dispatch(c.base);
	else
		c.code = EXIT_UNUSABLE;
	end(&c);
	return (c.code);
}
