/*
 * Values of keys that look secret: whatever the text, JSON stays JSON, little is
 * added, and where no key can be nothing is changed.
 */
#include <stdlib.h>

#include "proto/buf.h"
#include "proto/json.h"
#include "proto/redact.h"

#define CHECK(true)	((true) ? (void)0 : abort())

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size }, shown;
	struct buf out = { 0 }, again = { 0 };
	bool plain = size == 0 || memchr(data, '\\', size) == NULL;

	if (redact_apply(text, &out)) {
		shown = buf_text(&out);
		CHECK(!out.failed && !span_eq(shown, text));
		CHECK(shown.n <= REDACT_TIMES_MAX * size + REDACT_MORE_MAX);
		CHECK(!plain || redact_is_secret(text));
		if (jtext_is_object(text)) {
			CHECK(jtext_is_object(shown));
			CHECK(!redact_apply(shown, &again));
		}
	} else
		CHECK(out.n == 0);
	buf_free(&out);
	buf_free(&again);
	return (0);
}
