/*
 * Secret values of one execution, and taking them out of text: each is replaced
 * by ***SECRET***, in all forms of proto/forms.h.  Matches that overlap are
 * replaced as one.  ***SECRET*** itself stays as it is, also when "SECRET" is a
 * value: what is masked already can be masked again.  (Of values that end as it
 * begins, or begin as it ends, in a star say, the second time may take more.)
 *
 * The automaton is built when it is first needed after a value has come; that
 * is the dear part: 50 ns and up to 8 bytes for each byte of all forms, of
 * which a random value of 1 KB has 20 000.
 *
 * A failed allocation is remembered in "failed" of the buffer that was to be
 * written; what it holds then must not be used, nor the text itself.
 *
 * Layer: proto.  Threads: one at a time per mask.
 */
#ifndef PROTO_MASK_H
#define PROTO_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/forms.h"
#include "proto/record.h"
#include "proto/span.h"

struct mask;

#define MASK_TEXT	"***SECRET***"
#define MASK_SHORTER	"***"		/* where that is too long */
#define MASK_OBJECT	"{\"" MASK_TEXT "\":\"" MASK_TEXT "\"}"

#define MASK_VALUE_MIN	FORMS_MIN		/* bytes of a value */
#define MASK_VALUE_MAX	(8 * 1024)		/* a long key in PEM is 7 KB */
#define MASK_VALUES_MAX	256			/* of one execution */
#define MASK_BYTES_MAX	(64 * 1024)		/* of all values */
#define MASK_FORMS_MAX	(2 * 1024 * 1024)	/* of all forms; 8 bytes of
						   memory for each at most,
						   and as much for parts */

/* A part of a line ends or begins in so many bytes of a form: see
   mask_apply_part.  Half of the shortest, so that one side always has them. */
#define MASK_PART_MIN	(MASK_VALUE_MIN / 2)

/* A short part between two others is looked for in the forms, if these come to
   so many bytes; else it is taken for a piece of one. */
#define MASK_INSIDE_MAX	(128 * 1024)

enum mask_result {
	MASK_OK,		/* also: it was there already */
	MASK_SHORT,		/* under MASK_VALUE_MIN */
	MASK_LONG,		/* over MASK_VALUE_MAX */
	MASK_FULL,		/* one of the other limits */
	MASK_NO_MEMORY,
};

struct mask	*mask_new(void);	/* NULL: no memory */

/* All memory that has held a value is wiped.  Takes NULL. */
void		 mask_free(struct mask *);

/* The value is copied. */
enum mask_result mask_add(struct mask *, struct span value);

/* Bytes of all forms: what it costs, see MASK_FORMS_MAX. */
size_t		 mask_forms(const struct mask *);

/*
 * Append the text without secrets, if there are any in it; false, and nothing
 * is appended, if it can stay as it is.
 */
bool		 mask_apply(struct mask *, struct span text, struct buf *);

/*
 * The same for a part of a line.  A value may lie across the border between two
 * parts, and the first of them cannot be held back until the second is there:
 * it is acknowledged on its own.  So where a part goes on, an end of it that is
 * the beginning of a form is replaced as well, and where it continues another,
 * a beginning that is the end of a form: MASK_PART_MIN bytes or more; and a part
 * between two others that is all within a form.  Now and then that takes three
 * bytes more than it would have to.
 */
bool		 mask_apply_part(struct mask *, struct span text, enum partial,
		    struct buf *);

/* The same, with MASK_SHORTER: never longer than the text, but for a few bytes
   at the ends of a part. */
bool		 mask_apply_shorter(struct mask *, struct span text,
		    enum partial, struct buf *);

/*
 * The same for the text of a JSON object: strings, keys and numbers in which
 * there is a secret, however they are escaped, are replaced, a number by a
 * string; the rest stays as it is written.  The result is a JSON object.  Where
 * that is not enough (a value that is itself a piece of JSON, two keys that have
 * become the same, more than RECORD_METADATA_MAX bytes) it is
 * {"***SECRET***":"***SECRET***"}.  False for what is not an object.
 */
bool		 mask_apply_json(struct mask *, struct span object,
		    struct buf *);

/*
 * How many bytes at the end of the text, which will go on, may be the beginning
 * of a secret.
 */
size_t		 mask_tail(struct mask *, struct span text);

#endif
