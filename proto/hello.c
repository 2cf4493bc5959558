#include "proto/hello.h"

#include "proto/buf.h"
#include "proto/frame.h"
#include "proto/json.h"
#include "proto/text.h"
#include "proto/version.h"

const char *
role_name(enum role role)
{
	static const char *const name[ROLE_COUNT] = { "produce", "read",
	    "stream", "admin" };

	return (name[role]);
}

static void
put_stream(struct buf *b, const struct hello *h)
{
	origin_put(b, &h->origin);
	if (h->stream != STREAM_NONE)
		jput_text(b, "stream", span_of(stream_name(h->stream)));
	jput_text(b, "level", span_of(level_name(h->level)));
	if (h->masked)
		jput_bool(b, "masked", true);
}

void
hello_put(struct buf *b, const struct hello *h, const char *who)
{
	size_t mark = frame_begin(b, FRAME_HELLO);

	buf_char(b, '{');
	jput_i64(b, "version", PROTO_VERSION);
	jput_text(b, "role", span_of(role_name(h->role)));
	jput_text(b, "client", span_of(who));
	if (h->producer.p != NULL)
		jput_text(b, "producer", h->producer);
	if (h->resumes) {
		jput_i64(b, "epoch", h->epoch);
		jput_i64(b, "acked", h->acked);
	}
	if (h->role == ROLE_STREAM)
		put_stream(b, h);
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

void
welcome_put(struct buf *b, const struct welcome *w)
{
	size_t mark = frame_begin(b, FRAME_WELCOME);

	buf_char(b, '{');
	jput_i64(b, "version", PROTO_VERSION);
	jput_text(b, "server", span_of("execlogd " EXECLOG_VERSION));
	if (w->epoch > 0) {
		jput_i64(b, "epoch", w->epoch);
		jput_i64(b, "number", w->number);
	}
	buf_char(b, '}');
	(void)frame_end(b, mark);
}

/* What is wrong with it, or NULL. */
static const char *
decode_role(const struct json_t *doc, struct hello *h)
{
	struct span name = SPAN_NONE, client = SPAN_NONE;
	int i;

	if (jget_text(doc, "client", &client) == JGET_WRONG ||
	    client.n > TEXT_ID_MAX)
		return ("client is text of at most 255 bytes");
	if (jget_text(doc, "role", &name) == JGET_OK)
		for (i = 0; i < ROLE_COUNT; i++)
			if (span_is(name, role_name((enum role)i))) {
				h->role = (enum role)i;
				return (NULL);
			}
	return ("role is one of: produce, read, stream, admin");
}

static const char *
decode_producer(const struct json_t *doc, struct hello *h)
{
	enum jget producer = jget_text(doc, "producer", &h->producer);
	enum jget epoch = jget_i64(doc, "epoch", &h->epoch);

	if (producer == JGET_WRONG ||
	    (producer == JGET_OK && !text_is_id(h->producer)))
		return ("producer is 1 to 255 bytes of UTF-8 without control "
		    "characters");
	if (producer == JGET_OK && h->role != ROLE_PRODUCE)
		return ("producer is for the role produce");
	if (epoch == JGET_WRONG || (epoch == JGET_OK && h->epoch < 1) ||
	    jget_i64(doc, "acked", &h->acked) == JGET_WRONG || h->acked < 0)
		return ("epoch and acked are numbers that a WELCOME and an "
		    "ACK have said");
	h->resumes = epoch == JGET_OK;
	if (h->resumes && producer != JGET_OK)
		return ("epoch is for a producer that has a name");
	return (NULL);
}

static const char *
decode_stream(const struct json_t *doc, struct hello *h)
{
	struct span name = SPAN_NONE;
	enum refusal refusal;

	if ((refusal = origin_from_json(doc, &h->origin)) != REFUSAL_NONE)
		return (refusal_sentence(refusal));
	if (jget_text(doc, "stream", &name) == JGET_WRONG ||
	    (name.p != NULL && !stream_parse(name, &h->stream)))
		return (refusal_sentence(REFUSAL_STREAM));
	name = span_of(level_name(LEVEL_INFO));
	if (jget_text(doc, "level", &name) == JGET_WRONG ||
	    !level_parse(name, &h->level))
		return (refusal_sentence(REFUSAL_LEVEL));
	if (jget_bool(doc, "masked", &h->masked) == JGET_WRONG)
		return ("masked is true or false");
	return (NULL);
}

static enum fault
decode(struct hello *h, const char **sentence)
{
	int64_t version;

	if (jget_i64(h->doc, "version", &version) != JGET_OK) {
		*sentence = "HELLO has no version";
		return (FAULT_BAD_HELLO);
	}
	if (version != PROTO_VERSION) {
		*sentence = "this daemon speaks protocol version 1";
		return (FAULT_BAD_VERSION);
	}
	if ((*sentence = decode_role(h->doc, h)) == NULL)
		*sentence = decode_producer(h->doc, h);
	if (*sentence == NULL && h->role == ROLE_STREAM)
		*sentence = decode_stream(h->doc, h);
	return (*sentence == NULL ? FAULT_NONE : FAULT_BAD_HELLO);
}

enum fault
hello_decode(struct span body, struct hello *h, const char **sentence)
{
	enum fault fault;

	*h = (struct hello){ .doc = jdoc_parse(body) };
	if (h->doc == NULL) {
		*sentence = "HELLO is not a JSON object, or has a key twice";
		return (FAULT_BAD_JSON);
	}
	if ((fault = decode(h, sentence)) != FAULT_NONE)
		hello_free(h);
	return (fault);
}

void
hello_free(struct hello *h)
{
	if (h->doc != NULL)
		jdoc_free(h->doc);
	h->doc = NULL;
}

bool
welcome_decode(struct span body, struct welcome *w)
{
	struct json_t *doc;
	int64_t version;
	bool ok;

	*w = (struct welcome){ 0 };
	if ((doc = jdoc_parse(body)) == NULL)
		return (false);
	ok = jget_i64(doc, "version", &version) == JGET_OK &&
	    version == PROTO_VERSION &&
	    jget_i64(doc, "epoch", &w->epoch) != JGET_WRONG &&
	    jget_i64(doc, "number", &w->number) != JGET_WRONG;
	jdoc_free(doc);
	return (ok);
}
