#include "proto/cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a. */
static uint32_t
check_of(struct span s)
{
	uint32_t h = 2166136261U;
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619U;
	return (h);
}

void
cursor_format(const struct cursor *c, struct span execution,
    char text[CURSOR_TEXT])
{
	uint32_t check = check_of(execution);

	if (c->stored)
		(void)snprintf(text, CURSOR_TEXT, "s:%" PRId64 ":%" PRId64
		    ":%" PRId64 ":%08" PRIx32, c->log, c->time, c->id, check);
	else
		(void)snprintf(text, CURSOR_TEXT, "l:%" PRId64 ":%08" PRIx32,
		    c->log, check);
}

bool
cursor_parse(struct span s, struct span execution, struct cursor *c)
{
	char text[CURSOR_TEXT], again[CURSOR_TEXT];
	uint32_t check;

	if (s.n >= sizeof text || s.n == 0)
		return (false);
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*c = (struct cursor){ .stored = text[0] == 's' };
	if (c->stored ? sscanf(text, "s:%" SCNd64 ":%" SCNd64 ":%" SCNd64
	    ":%" SCNx32, &c->log, &c->time, &c->id, &check) != 4 :
	    sscanf(text, "l:%" SCNd64 ":%" SCNx32, &c->log, &check) != 2)
		return (false);
	/* There is one way of writing it: this judges all the rest. */
	cursor_format(c, execution, again);
	return (strcmp(text, again) == 0);
}
