/*
 * Structured lines: what is read from a line is within its bounds, metadata is
 * always a JSON object that says what the line said, and what is no record is
 * the text as it came.
 *
 * Control bytes, which JSON does not have, stand for pieces of JSON, so that
 * records are found soon.
 */
#include <stdlib.h>

#include <jansson.h>

#include "proto/buf.h"
#include "proto/json.h"
#include "proto/record.h"
#include "proto/structured.h"

#define CHECK(true)	((true) ? (void)0 : abort())

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
put_line(struct buf *b, const uint8_t *p, size_t n)
{
	static const char *const pieces[] = {
		NULL, "{\"level\":\"info\",\"message\":\"m\"", "}",
		",\"timestamp\":", ",\"metadata\":{", "\"a\":", ",", "1.10",
		"12345678901234567890", "\t", "\n", "\"2026-02-07T10:00:00Z\"",
		"\"\\u0061\":", "1770458400123", "\"message\":", "\"level\":",
		"\"metadata\":", "\"timestamp\":", "\"WARN\"", "<3>", "[",
		"]", "null", "\"x\"", "{", ":", "{\"metadata\":", "1e3",
		",\"level\":\"error\",\"message\":\"\\u0000\"}", "\\ud83d\\ude00",
	};

	for (; n > 0; p++, n--) {
		if (*p > 0 && *p < sizeof pieces / sizeof pieces[0])
			buf_str(b, pieces[*p]);
		else
			buf_u8(b, *p);
	}
}

/* All numbers as reals, so that they compare whatever stands beside them. */
static json_t *
parse(struct span s)
{
	json_t *doc = json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES |
	    JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);

	CHECK(json_is_object(doc));
	return (doc);
}

/* The metadata says what the document says beside the record's own members. */
static void
check_metadata(const struct structured *s, struct span line, json_t *doc)
{
	json_t *inner = json_object_get(doc, "metadata"), *got;

	if (json_is_object(inner) && jtext_member(line, "metadata").p != NULL) {
		json_incref(inner);
		(void)json_object_del(doc, "metadata");
	} else
		inner = json_object();
	(void)json_object_del(doc, "level");
	(void)json_object_del(doc, "message");
	if (s->has_timestamp)
		(void)json_object_del(doc, "timestamp");
	CHECK(json_object_update(doc, inner) == 0);
	json_decref(inner);
	if (s->metadata.p == NULL) {
		CHECK(json_object_size(doc) == 0);
		return;
	}
	got = parse(s->metadata);
	CHECK(json_object_size(got) > 0 && json_equal(got, doc));
	CHECK(jtext_is_object(s->metadata));
	json_decref(got);
}

static void
check(struct span line, enum level fallback, struct buf *scratch)
{
	struct structured s;
	struct span text = line;
	enum level level = fallback;
	json_t *doc;

	structured_parse(&s, line, fallback, scratch);
	(void)structured_prefix(&text, &level);
	CHECK(s.level < LEVEL_COUNT);
	CHECK(s.message.n + s.metadata.n <= line.n);
	CHECK(!s.has_timestamp || (s.timestamp <= RECORD_TIME_MAX &&
	    s.timestamp >= -RECORD_TIME_MAX));
	if (s.message.p == text.p && s.message.n == text.n) {
		CHECK(s.level == level && s.metadata.p == NULL &&
		    !s.has_timestamp);
		return;
	}
	CHECK(jtext_is_object(text));
	doc = parse(text);
	check_metadata(&s, text, doc);
	json_decref(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf line = { 0 }, scratch = { 0 };
	char *exact;

	if (n == 0)
		return (0);
	put_line(&line, p + 1, n - 1);
	/* Of exactly its size, so that a byte too far is seen. */
	CHECK((exact = malloc(line.n + 1)) != NULL);
	memcpy(exact + 1, buf_text(&line).p, line.n);
	check((struct span){ exact + 1, line.n },
	    (enum level)(*p % LEVEL_COUNT), &scratch);
	free(exact);
	buf_free(&line);
	buf_free(&scratch);
	return (0);
}
