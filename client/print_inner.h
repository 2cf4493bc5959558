/*
 * The inside of a printer, for the two files that are its code: print.c and
 * print_audit.c.  All of these add to the line that is being made.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_PRINT_INNER_H
#define CLIENT_PRINT_INNER_H

#include "client/print.h"

#define INDENT		"    "	/* of a message's further lines */
#define RED		"\033[31m"
#define GREEN		"\033[32m"
#define YELLOW		"\033[33m"
#define GREY		"\033[90m"
#define PLAIN		"\033[0m"

void	 print_time(struct printer *, int64_t ms);

/* An id, source or level: it never looks like another line. */
void	 print_name(struct printer *, struct span);

/* The same in a color, or NULL, and filled up to a width. */
void	 print_colored(struct printer *, struct span, const char *color,
	    int width);

/* A line of the verbose form; a text may have several. */
void	 print_name_field(struct printer *, const char *name, struct span);
void	 print_field(struct printer *, const char *name, struct span);

void	 print_audit_verbose(struct printer *, const struct audit_row *);
void	 print_audit_text(struct printer *, const struct audit_row *);

#endif
