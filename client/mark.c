#include "client/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/escape.h"
#include "proto/row.h"

bool
mark_open(struct mark *m, const char *after, const char *path)
{
	ssize_t n = 0;

	*m = (struct mark){ .fd = -1, .path = path,
	    .place = path };
	if (path != NULL) {
		m->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0666);
		m->made = m->fd != -1;
		if (m->fd == -1 && errno == EEXIST)
			m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (m->fd == -1 || (n = pread(m->fd, m->given,
		    sizeof m->given - 1, 0)) == -1) {
			complain("%s: %s", path, strerror(errno));
			return (false);
		}
	}
	while (n > 0 && (m->given[n - 1] == '\n' || m->given[n - 1] == ' '))
		n--;
	m->given[n] = '\0';
	m->is_given = n > 0 || after != NULL;
	if (after != NULL) {
		m->place = "--after-cursor";
		(void)snprintf(m->given, sizeof m->given, "%s", after);
	}
	return (true);
}

bool
mark_take(struct mark *m, struct span execution)
{
	if (!m->is_given)
		return (true);
	m->known = cursor_parse(span_of(m->given), execution, &m->at);
	return (m->known);
}

void
mark_close(struct mark *m)
{
	if (m->fd != -1)
		(void)close(m->fd);
	m->fd = -1;
	/* Nothing has come: nothing is left. */
	if (m->made && m->kept[0] == '\0')
		(void)unlink(m->path);
	m->made = false;
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
