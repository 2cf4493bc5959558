/*
 * -g: which messages are wanted.  Here and not in the daemon: an expression can
 * cost any amount of time and memory, and whoever writes it pays.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_GREP_H
#define CLIENT_GREP_H

#include <regex.h>
#include <stdbool.h>

#include "proto/span.h"

struct grep {
	bool	on;
	regex_t	regex;
};

/* A POSIX extended expression; NULL: everything matches.  False: complained. */
bool	 grep_open(struct grep *, const char *expression);
void	 grep_close(struct grep *);

bool	 grep_matches(const struct grep *, struct span text);

#endif
