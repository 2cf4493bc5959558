#include "daemon/log.h"

#include <sys/stat.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES	1024	/* of one line; the rest is cut */

/* Set once, before any thread. */
static bool is_journal;

void
log_init(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	is_journal = stream != NULL &&
	    sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 &&
	    st.st_dev == dev && st.st_ino == ino;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list ap;
	size_t n;

	if (is_journal)
		(void)snprintf(line, sizeof line, "<%d>", level);
	else
		(void)snprintf(line, sizeof line, "execlogd: ");
	n = strlen(line);
	va_start(ap, fmt);
	(void)vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	line[n++] = '\n';
	/* A full or closed stderr is no reason to stop. */
	if (write(STDERR_FILENO, line, n) == -1)
		return;
}

void
log_no_memory(void)
{
	log_line(LOG_ERR, "out of memory");
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
