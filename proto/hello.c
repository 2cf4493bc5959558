#include "proto/hello.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/text.h"
#include "proto/version.h"

const char *
role_name(enum role role)
{
	static const char *const name[ROLE_COUNT] = { "produce", "read" };

	return (name[role]);
}

void
hello_put(struct buf *b, enum role role, const char *who)
{
	size_t mark = frame_begin(b, FRAME_HELLO);

	buf_char(b, '{');
	jput_i64(b, "version", PROTO_VERSION);
	jput_text(b, "role", span_of(role_name(role)));
	jput_text(b, "client", span_of(who));
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

void
welcome_put(struct buf *b)
{
	size_t mark = frame_begin(b, FRAME_WELCOME);

	buf_char(b, '{');
	jput_i64(b, "version", PROTO_VERSION);
	jput_text(b, "server", span_of("execlogd " EXECLOG_VERSION));
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

static enum fault
decode(const struct json_t *doc, enum role *role, const char **sentence)
{
	struct span name = SPAN_NONE, client = SPAN_NONE;
	int64_t version;
	int i;

	if (jget_i64(doc, "version", &version) != JGET_OK) {
		*sentence = "HELLO has no version";
		return (FAULT_BAD_HELLO);
	}
	if (version != PROTO_VERSION) {
		*sentence = "this daemon speaks protocol version 1";
		return (FAULT_BAD_VERSION);
	}
	if (jget_text(doc, "client", &client) == JGET_WRONG ||
	    client.n > TEXT_ID_MAX) {
		*sentence = "client is text of at most 255 bytes";
		return (FAULT_BAD_HELLO);
	}
	if (jget_text(doc, "role", &name) == JGET_OK) {
		for (i = 0; i < ROLE_COUNT; i++) {
			if (span_is(name, role_name((enum role)i))) {
				*role = (enum role)i;
				return (FAULT_NONE);
			}
		}
	}
	*sentence = "role is one of: produce, read";
	return (FAULT_BAD_HELLO);
}

enum fault
hello_decode(struct span body, enum role *role, const char **sentence)
{
	struct json_t *doc;
	enum fault fault;

	if ((doc = jdoc_parse(body)) == NULL) {
		*sentence = "HELLO is not a JSON object";
		return (FAULT_BAD_JSON);
	}
	fault = decode(doc, role, sentence);
	jdoc_free(doc);
	return (fault);
}

bool
welcome_decode(struct span body)
{
	struct json_t *doc;
	int64_t version;
	bool ok;

	if ((doc = jdoc_parse(body)) == NULL)
		return (false);
	ok = jget_i64(doc, "version", &version) == JGET_OK &&
	    version == PROTO_VERSION;
	jdoc_free(doc);
	return (ok);
}
