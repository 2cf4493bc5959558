/*
 * A raw stream for a process that knows nothing of us: execlog_stream_fd.
 */
#include <stdio.h>

#include "client/execlog.h"
#include "client/link.h"
#include "proto/hello.h"

static int
fail(char *reason, const char *why)
{
	if (reason != NULL)
		(void)snprintf(reason, EXECLOG_REASON, "%s", why);
	return (-1);
}

static struct hello
hello_of(const struct execlog_stream_options *o)
{
	return ((struct hello){
		.role = ROLE_STREAM,
		.origin = {
			.execution = span_of(o->execution),
			.task = span_of(o->task),
			.source = span_of(o->source),
			.has_attempt = o->has_attempt,
			.attempt = o->attempt,
		},
		.stream = (enum stream)o->stream,
		.level = o->has_level ? (enum level)o->level : LEVEL_INFO,
		.masked = o->masked,
	});
}

int
execlog_stream_fd(const struct execlog_stream_options *o,
    char reason[EXECLOG_REASON])
{
	const struct hello hello = hello_of(o);
	const char *who = o->client != NULL ? o->client : "libexeclog";
	char path[PATHS_MAX];
	struct link l;
	int fd;

	if ((o->flags & EXECLOG_STREAM_MAY_BREAK) == 0)
		return (fail(reason, "a raw stream is lost when the daemon "
		    "dies: say EXECLOG_STREAM_MAY_BREAK, or use a capture"));
	if (o->execution == NULL || o->source == NULL ||
	    o->stream >= STREAM_COUNT || hello.level >= LEVEL_COUNT)
		return (fail(reason, "a raw stream has an execution, a source, "
		    "and a stream and level of their enums"));
	if (!link_path(path, o->socket))
		return (fail(reason, "the path of the socket is too long"));
	if (!link_open_stream(&l, path, &hello, who))
		return (fail(reason, l.reason));
	fd = l.fd;
	l.fd = -1;
	link_close(&l);
	return (fd);
}
