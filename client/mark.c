#include "client/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/escape.h"
#include "proto/row.h"

static bool
take(struct mark *m, struct span text, struct span execution, const char *what)
{
	m->known = cursor_parse(text, execution, &m->at);
	if (!m->known)
		complain("%s: not a cursor of execution %.*s", what,
		    (int)execution.n, execution.p);
	return (m->known);
}

bool
mark_open(struct mark *m, const char *after, const char *path,
    struct span execution)
{
	char text[CURSOR_TEXT + 2];
	ssize_t n;

	*m = (struct mark){ .fd = -1 };
	if (after != NULL && !take(m, span_of(after), execution,
	    "--after-cursor"))
		return (false);
	if (path == NULL)
		return (true);
	m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (m->fd == -1 || (n = pread(m->fd, text, sizeof text, 0)) == -1) {
		complain("%s: %s", path, strerror(errno));
		return (false);
	}
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	return (n == 0 || after != NULL ||
	    take(m, (struct span){ text, (size_t)n }, execution, path));
}

void
mark_close(struct mark *m)
{
	if (m->fd != -1)
		(void)close(m->fd);
	m->fd = -1;
}

void
mark_notice(struct mark *m, const struct notice *n)
{
	switch (n->kind) {
	case NOTICE_STORED:
		if (!m->known)
			m->at = (struct cursor){ .stored = true,
			    .log = n->log, .time = INT64_MIN,
			    .id = INT64_MIN };
		m->known = true;
		break;
	case NOTICE_LIVE:
	case NOTICE_POSITION:
		m->at = (struct cursor){ .log = n->log };
		m->known = true;
		break;
	default:
		break;
	}
}

void
mark_row(struct mark *m, const struct log_row *r)
{
	if (m->at.stored && r->id > m->at.log)
		m->at = (struct cursor){ .log = r->id };
	else if (m->at.stored) {
		m->at.time = r->timestamp;
		m->at.id = r->id;
	} else
		m->at.log = r->id;
}

void
mark_done(struct mark *m)
{
	if (m->at.stored)
		m->at = (struct cursor){ .log = m->at.log };
}

bool
mark_keep(struct mark *m, struct span execution)
{
	char text[CURSOR_TEXT], line[CURSOR_TEXT + 1];
	int n;

	if (m->fd == -1 || !m->known)
		return (true);
	cursor_format(&m->at, execution, text);
	if (strcmp(text, m->kept) == 0)
		return (true);
	/* Always as long: there is no moment with half a cursor. */
	n = snprintf(line, sizeof line, "%-*s\n", CURSOR_TEXT - 1, text);
	if (pwrite(m->fd, line, (size_t)n, 0) != n) {
		complain("the cursor file: %s", strerror(errno));
		return (false);
	}
	(void)strcpy(m->kept, text);
	return (true);
}
