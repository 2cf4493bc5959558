/*
 * What the files of redact.h share: words of plain text, and what is assigned to
 * them.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_REDACT_INNER_H
#define PROTO_REDACT_INNER_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/redact.h"

/* A place behind the beginning of the last word that makes a name look secret, or of the
   last escaped letter; 0: there is none.  What follows need not be looked at more
   closely, so most texts need not at all. */
size_t	 words_last(struct span);

/* May a name have this character? */
bool	 words_has(char);

/* The index behind the word that begins at i. */
size_t	 words_end(struct span, size_t i);

/* The value of the word from i to end, if that looks secret and has one: without
   its quotes. */
bool	 words_value(struct span, size_t i, size_t end, struct span *value);

#endif
