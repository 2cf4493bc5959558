#include "daemon/log.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/escape.h"

/* Of one line; the rest is cut.  Escaped it is four times as long, which a pipe
   still takes as a whole or not at all. */
#define LINE_BYTES	1000

/* Set once, before any thread. */
static bool is_journal;
static int out = STDERR_FILENO;

/* Lines that stderr did not take. */
static atomic_ulong dropped;

/*
 * A descriptor for the same pipe or terminal that never waits; O_NONBLOCK on
 * stderr itself would be felt by all who share it.
 */
static int
open_again(const struct stat *st)
{
	int fd = -1;

	if (S_ISFIFO(st->st_mode) || S_ISCHR(st->st_mode))
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY |
		    O_CLOEXEC);
	return (fd != -1 ? fd : STDERR_FILENO);
}

void
log_init(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == -1)
		return;
	is_journal = stream != NULL &&
	    sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	    st.st_dev == dev && st.st_ino == ino;
	out = open_again(&st);
}

/* False: there is no room for it.  A closed stderr is no reason to stop. */
static bool
put(const char *line, size_t n)
{
	struct pollfd p = { .fd = out, .events = POLLOUT };

	return (poll(&p, 1, 0) == 1 && write(out, line, n) != -1);
}

static bool
put_line(enum log_level level, const char *text)
{
	struct buf line = { 0 };
	bool done;

	if (is_journal)
		buf_printf(&line, "<%d>", level);
	else
		buf_str(&line, "execlogd: ");
	escape_put(&line, span_of(text), true, false);
	buf_char(&line, '\n');
	done = !line.failed && put(line.p, line.n);
	buf_free(&line);
	return (done);
}

/* Lines that were dropped are told of when there is room again. */
static bool
confess(void)
{
	unsigned long n = atomic_exchange(&dropped, 0);
	char text[96];

	if (n == 0)
		return (true);
	(void)snprintf(text, sizeof text, "%lu line%s of this log %s dropped: "
	    "nobody read it", n, n == 1 ? "" : "s", n == 1 ? "was" : "were");
	if (put_line(LOG_WARNING, text))
		return (true);
	(void)atomic_fetch_add(&dropped, n);
	return (false);
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char text[LINE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!confess() || !put_line(level, text))
		(void)atomic_fetch_add(&dropped, 1);
}

void
log_no_memory(void)
{
	static const char text[] = "<3>execlogd: out of memory\n";
	const char *line = text + (is_journal ? 0 : 3);

	(void)put(line, strlen(line));
	_exit(1);
}

void *
log_calloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		log_no_memory();
	return (p);
}
