/*
 * The ways in which a secret value may be written: as it is, in base64, URL-
 * and JSON-escaped; and the same of each of its lines.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_FORMS_H
#define PROTO_FORMS_H

#include <stddef.h>

#include "proto/span.h"

#define FORMS_MIN	6	/* bytes: what is shorter is found everywhere */

/*
 * Where forms go.  With p NULL they are only counted; otherwise p and form have
 * room for what was counted.  Some may be there twice.
 */
struct forms {
	char		*p;
	size_t		 bytes;
	struct span	*form;
	size_t		 count;
};

/*
 * Add all forms of a value of at least FORMS_MIN bytes.
 *
 * base64: both alphabets, and the three ways in which the value may lie in a
 * longer text that was encoded.  Characters that depend on what stands beside
 * the value are left out; of the value by itself its end is there, and its
 * lines if it was wrapped at 64 or 76 characters.
 *
 * URL: as RFC 3986, JavaScript, Python and HTML forms write it, with small and
 * capital digits.  JSON: with and without escapes that are not needed.
 *
 * Lines are taken without blanks around them, and only if they have FORMS_MIN
 * bytes then.
 */
void	 forms_add(struct forms *, struct span value);

#endif
