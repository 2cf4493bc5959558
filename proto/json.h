/*
 * JSON: writing into a buffer by hand (it is on the way of every row that is
 * printed), reading through jansson.
 *
 * jput_*	append to a buffer
 * jdoc_*	a parsed object; the caller frees it
 * jget_*	one member of a parsed object
 * jtext_*	look at text that is or may be JSON
 *
 * Only proto/ includes jansson.h; others hold "struct json_t *" as a handle.
 *
 * Layer: proto.  Threads: pure functions.
 */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/span.h"

struct buf;
struct json_t;

/*
 * Append s as a JSON string, quotes included.  Whatever the bytes are, the
 * output is valid: what is not UTF-8 becomes U+FFFD.
 */
void	 jput_string(struct buf *, struct span s);

/* Append "key": and a value, with a comma before it unless after a '{'. */
void	 jput_key(struct buf *, const char *key);
void	 jput_text(struct buf *, const char *key, struct span);
void	 jput_i64(struct buf *, const char *key, int64_t);
void	 jput_bool(struct buf *, const char *key, bool);

/*
 * Append the JSON object "text" without the n members named in keys, the
 * others as they were written: 0.10 stays 0.10.  False if text is not an
 * object.
 */
bool	 jput_without(struct buf *, struct span text, const char *const *keys,
	    size_t n);

/*
 * Parse an object: UTF-8, no duplicate keys, nothing behind it.  Integers that
 * are too big are taken as reals.  NULL if it is not one.
 */
struct json_t	*jdoc_parse(struct span);
void		 jdoc_free(struct json_t *);

/*
 * Append the members of an object, as they are written in the text that it was
 * parsed from: without the n named in keys, and without those that "over" (or
 * NULL) has, too.  A comma before each unless after a '{'.
 */
void	 jput_members(struct buf *, struct span text, struct json_t *doc,
	    const char *const *keys, size_t n, const struct json_t *over);

/* Is it the text of a JSON object? */
bool	 jtext_is_object(struct span);

/*
 * The text of the member "key" of a JSON object, as it was written.  SPAN_NONE
 * if there is none, or if the key was written with escapes.  In text that is
 * no object it finds anything or nothing, within its bounds.
 */
struct span	 jtext_member(struct span object, const char *key);

/* The index behind the string, or the value, that begins at i. */
size_t	 jtext_string_end(struct span, size_t i);
size_t	 jtext_value_end(struct span, size_t i);

enum jget {
	JGET_NONE,	/* absent or null: *value is untouched */
	JGET_OK,
	JGET_WRONG,	/* there, but of another kind */
};

/* Texts point into the document. */
enum jget	 jget_text(const struct json_t *, const char *key,
		    struct span *);
/* An integer, also one that is written as 1e3. */
enum jget	 jget_i64(const struct json_t *, const char *key, int64_t *);
enum jget	 jget_bool(const struct json_t *, const char *key, bool *);

/* A number of any kind. */
enum jget	 jget_number(const struct json_t *, const char *key);

enum jget	 jget_object(const struct json_t *, const char *key,
		    struct json_t **);

/* An array of at most max strings. */
enum jget	 jget_texts(const struct json_t *, const char *key,
		    struct span *, size_t max, size_t *n);

#endif
