/*
 * Values by execution: kept, shared, bounded, forgotten; and what admission
 * makes of what they mask.
 */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "daemon/admit.h"
#include "daemon/batch.h"
#include "daemon/limits.h"
#include "daemon/secrets.h"
#include "proto/audit.h"
#include "proto/frame.h"
#include "proto/masking.h"
#include "proto/record.h"

#define UID	1000

static enum refusal
add_of(struct secrets *s, uint32_t uid, const char *execution,
    const char *value, int64_t now)
{
	const struct masking m = { .execution = span_of(execution), .n = 1,
	    .value = { span_of(value) } };

	return (secrets_add(s, uid, &m, now));
}

static enum refusal
add(struct secrets *s, const char *execution, const char *value, int64_t now)
{
	return (add_of(s, UID, execution, value, now));
}

static bool
has(struct secrets *s, const char *execution, int64_t now)
{
	return (secrets_find(s, span_of(execution), now) != NULL);
}

static void
test_an_execution_has_its_own(void **state)
{
	struct secrets *s = secrets_new(NULL, NULL);
	struct buf b = { 0 };

	(void)state;
	assert_false(has(s, "e1", 0));
	assert_int_equal(add(s, "e2", "hunter22", 0), REFUSAL_NONE);
	assert_int_equal(add(s, "e1", "wombat77", 0), REFUSAL_NONE);
	assert_int_equal(add(s, "e3", "abc", 0), REFUSAL_MASK);
	assert_int_equal(add(s, "e1", "quokka55", 0), REFUSAL_NONE);
	/* What was refused is no value: e3 has none. */
	assert_int_equal(secrets_count(s), 2);
	assert_true(has(s, "e1", 0) && has(s, "e2", 0) && !has(s, "e3", 0));
	assert_false(has(s, "e", 0) || has(s, "e11", 0) || has(s, "", 0));
	assert_true(mask_apply(secrets_find(s, span_of("e1"), 0),
	    span_of("hunter22 wombat77 quokka55"), &b));
	assert_text(buf_text(&b), "hunter22 ***SECRET*** ***SECRET***");
	buf_free(&b);
	secrets_free(s);
	secrets_free(NULL);
}

static bool
in_use(struct span execution, void *arg)
{
	return (span_is(execution, "streaming") && *(bool *)arg);
}

static void
test_forgotten_ten_minutes_after_the_end(void **state)
{
	const int64_t wait = LIMIT_SECRETS_MS;
	bool streams = true;
	const struct secrets_hooks hooks = { .in_use = in_use,
	    .arg = &streams };
	struct secrets *s = secrets_new(NULL, &hooks);

	(void)state;
	assert_int_equal(wait, 600000);
	(void)add(s, "runs", "hunter22", 0);
	(void)add(s, "ended", "hunter22", 0);
	(void)add(s, "streaming", "hunter22", 0);
	secrets_ended(s, span_of("ended"), 1000);
	secrets_ended(s, span_of("streaming"), 1000);
	secrets_ended(s, span_of("unknown"), 1000);
	secrets_expire(s, 1000 + wait - 1);
	assert_true(has(s, "ended", 0));
	/* Who comes after the end has something to say. */
	(void)add(s, "ended", "wombat77", 5000);
	secrets_expire(s, 1000 + wait);
	assert_true(has(s, "ended", 0));
	secrets_expire(s, 5000 + wait);
	assert_false(has(s, "ended", 0));
	assert_true(has(s, "runs", 0));
	/* Its last stream was in use then. */
	assert_true(has(s, "streaming", 0));
	streams = false;
	secrets_expire(s, 5000 + 2 * wait - 1);
	assert_true(has(s, "streaming", 0));
	secrets_expire(s, 5000 + 2 * wait);
	assert_false(has(s, "streaming", 0));
	assert_int_equal(secrets_count(s), 1);
	secrets_free(s);
}

static void
test_bounded(void **state)
{
	static char value[1024];
	struct secrets *s = secrets_new(NULL, NULL);
	enum refusal refusal = REFUSAL_NONE;
	char name[16];
	int i;

	(void)state;
	/* One user has half. */
	for (i = 0; i < LIMIT_SECRETS / 2; i++) {
		(void)snprintf(name, sizeof name, "e%d", i);
		assert_int_equal(add(s, name, "hunter22", i), REFUSAL_NONE);
	}
	assert_int_equal(add(s, "more", "hunter22", i), REFUSAL_MASK);
	assert_false(has(s, "more", i));
	/* Who is there may still have more values. */
	assert_int_equal(add(s, "e5", "wombat77", i), REFUSAL_NONE);
	/* Who has been quiet for an hour makes room; one record is enough. */
	assert_true(has(s, "e0", LIMIT_SECRETS_IDLE_MS));
	assert_int_equal(add(s, "more", "hunter22", LIMIT_SECRETS_IDLE_MS + 1),
	    REFUSAL_NONE);
	assert_true(has(s, "e0", 0) && has(s, "more", 0));
	assert_false(has(s, "e1", 0));
	secrets_free(s);

	/* What they cost is bounded over all of them. */
	s = secrets_new(NULL, NULL);
	for (i = 0; refusal == REFUSAL_NONE; i++) {
		assert_in_range(i, 0, 2000);
		memset(value, 'a' + i % 26, sizeof value - 1);
		(void)snprintf(value, 16, "%d", i);
		value[strlen(value)] = '-';
		(void)snprintf(name, sizeof name, "e%d", i % 1000);
		refusal = add(s, name, value, 0);
	}
	assert_int_equal(refusal, REFUSAL_MASK);
	secrets_free(s);
}

/* Nobody takes so much that there is none for the next one. */
static void
test_a_share_for_each_user(void **state)
{
	static char value[MASK_VALUE_MAX + 1];
	struct secrets *s = secrets_new(NULL, NULL);
	char name[16];
	uint32_t uid;
	int i, n, before = LIMIT_SECRETS;

	(void)state;
	for (uid = 0; uid < 8; uid++, before = n) {
		for (n = 0; n < LIMIT_SECRETS; n++) {
			(void)snprintf(name, sizeof name, "%u-%d", uid, n);
			if (add_of(s, uid, name, "hunter22", 0) !=
			    REFUSAL_NONE)
				break;
		}
		assert_int_equal(n, before / 2);
	}
	/* It makes room of its own, not of another's. */
	assert_int_equal(add_of(s, 2, "more", "hunter22",
	    LIMIT_SECRETS_IDLE_MS), REFUSAL_NONE);
	assert_false(has(s, "2-0", 0));
	assert_true(has(s, "0-0", 0) && has(s, "1-0", 0));
	secrets_free(s);

	s = secrets_new(NULL, NULL);
	for (i = 0; i < 4096; i++) {
		memset(value, 'a' + i % 26, 1024);
		(void)snprintf(name, sizeof name, "e%d", i);
		(void)snprintf(value, 16, "%d", i);
		value[strlen(value)] = '-';
		if (add_of(s, 0, name, value, 0) != REFUSAL_NONE)
			break;
	}
	assert_in_range(i, 1, 4095);
	assert_int_equal(add_of(s, 1, "mine", value, 0), REFUSAL_NONE);
	secrets_free(s);
}

/* ------------------------------------------------------------- admission */

struct admission {
	struct secrets	*secrets;
	struct admit	*admit;
	struct batch	*batch;
};

static void
begin(struct admission *a)
{
	a->secrets = secrets_new(NULL, NULL);
	a->admit = admit_new(a->secrets);
	a->batch = batch_new();
	assert_int_equal(add(a->secrets, "e1", "hunter22", 0), REFUSAL_NONE);
}

static void
finish(struct admission *a)
{
	batch_free(a->batch);
	admit_free(a->admit);
	secrets_free(a->secrets);
}

/* The newest row, of a record like this. */
static const struct log_row *
admitted(struct admission *a, const char *execution, const char *message,
    const char *metadata, enum partial partial)
{
	const struct record r = { .execution = span_of(execution),
	    .source = span_of("s"), .message = span_of(message),
	    .metadata = span_of(metadata), .partial = (uint8_t)partial };

	assert_int_equal(admit_log(a->admit, a->batch, &r, 0, 0),
	    REFUSAL_NONE);
	return (&a->batch->log[a->batch->nlog - 1]);
}

static void
test_records_are_masked(void **state)
{
	const struct log_row *row;
	struct admission a;

	(void)state;
	begin(&a);
	row = admitted(&a, "e1", "pw hunter22", "{\"a\":\"hunter22\"}", 0);
	assert_text(row->message, "pw ***SECRET***");
	assert_text(row->metadata, "{\"a\":\"***SECRET***\"}");
	row = admitted(&a, "e2", "pw hunter22", "{\"a\":\"hunter22\"}", 0);
	assert_text(row->message, "pw hunter22");
	assert_text(row->metadata, "{\"a\":\"hunter22\"}");
	row = admitted(&a, "e1", "nothing", NULL, 0);
	assert_text(row->message, "nothing");
	assert_null(row->metadata.p);
	row = admitted(&a, "e1", "it is hunt", NULL, PARTIAL_FIRST);
	assert_text(row->message, "it is ***SECRET***");
	row = admitted(&a, "e1", "er22.", NULL, PARTIAL_LAST);
	assert_text(row->message, "***SECRET***.");
	/* Bytes that are no text are kept in "raw": without it, too. */
	row = admitted(&a, "e1", "\xff hunter22", NULL, 0);
	assert_text(row->message, "\xef\xbf\xbd ***SECRET***");
	assert_text(row->metadata, "{\"raw\":\"/yAqKipTRUNSRVQqKio=\"}");
	finish(&a);
}

/* Its process was killed while it said a value. */
static void
test_a_torn_end_may_be_a_value(void **state)
{
	struct record r = { .execution = span_of("e1"),
	    .source = span_of("s"), .message = span_of("pw hunt") };
	struct admission a;

	(void)state;
	begin(&a);
	assert_int_equal(admit_log(a.admit, a.batch, &r, 0, 0), REFUSAL_NONE);
	r.torn = true;
	assert_int_equal(admit_log(a.admit, a.batch, &r, 0, 0), REFUSAL_NONE);
	assert_text(a.batch->log[0].message, "pw hunt");
	assert_text(a.batch->log[1].message, "pw ***SECRET***");
	assert_null(a.batch->log[1].metadata.p);
	finish(&a);
}

static void
test_what_meets_when_a_key_is_cut_out(void **state)
{
	const struct record r = { .execution = span_of("e1"),
	    .source = span_of("s"), .message = span_of("m"),
	    .has_attempt = true, .attempt = 7, .metadata =
	    span_of("{\"a\":\"x\",\"attempt\":1,\"b\":\"y\"}") };
	struct admission a;

	(void)state;
	begin(&a);
	(void)add(a.secrets, "e1", "\"x\",\"b\":\"y\"", 0);
	assert_int_equal(admit_log(a.admit, a.batch, &r, 0, 0), REFUSAL_NONE);
	assert_text(a.batch->log[0].metadata,
	    "{\"attempt\":7,\"***SECRET***\":\"***SECRET***\"}");
	finish(&a);
}

static void
test_events_are_masked(void **state)
{
	struct audit e = { .execution = span_of("e1"), .type = AUDIT_FAILED,
	    .metadata = span_of("{\"error_message\":\"no hunter22\"}") };
	struct admission a;

	(void)state;
	begin(&a);
	assert_int_equal(admit_audit(a.admit, a.batch, &e, &(struct sender){ 0 }, 0, 0),
	    REFUSAL_NONE);
	assert_text(a.batch->audit[0].metadata,
	    "{\"error_message\":\"no ***SECRET***\"}");
	/* It is an end. */
	admit_committed(a.admit, a.batch, 7);
	secrets_expire(a.secrets, 6 + LIMIT_SECRETS_MS);
	assert_true(has(a.secrets, "e1", 0));
	secrets_expire(a.secrets, 7 + LIMIT_SECRETS_MS);
	assert_false(has(a.secrets, "e1", 0));
	finish(&a);
}

static void
test_other_events_are_no_end(void **state)
{
	struct audit e = { .execution = span_of("e1"),
	    .type = AUDIT_STATE_CHANGE };
	struct admission a;

	(void)state;
	begin(&a);
	assert_int_equal(admit_audit(a.admit, a.batch, &e, &(struct sender){ 0 }, 0, 0),
	    REFUSAL_NONE);
	admit_committed(a.admit, a.batch, 0);
	secrets_expire(a.secrets, 2 * LIMIT_SECRETS_MS);
	assert_true(has(a.secrets, "e1", 0));
	finish(&a);
}

static void
test_metadata_that_is_none_is_still_refused(void **state)
{
	const struct record r = { .execution = span_of("e1"),
	    .source = span_of("s"), .message = span_of("m"),
	    .metadata = span_of("[\"hunter22\"]") };
	struct admission a;

	(void)state;
	begin(&a);
	assert_int_equal(admit_log(a.admit, a.batch, &r, 0, 0),
	    REFUSAL_METADATA);
	finish(&a);
}

/* ***SECRET*** is longer than what it stands for. */
static void
test_what_has_grown_comes_in_parts(void **state)
{
	static char message[RECORD_MESSAGE_MAX + 1];
	struct admission a;
	size_t i, total = 0, n = 0;

	(void)state;
	begin(&a);
	for (i = 0; i + 9 <= RECORD_MESSAGE_MAX; i += 9, n++)
		memcpy(message + i, "hunter22,", 9);
	(void)admitted(&a, "e1", message, NULL, 0);
	assert_int_equal(a.batch->nlog, 2);
	for (i = 0; i < 2; i++)
		total += a.batch->log[i].message.n;
	assert_int_equal(total, n * 13);
	assert_int_equal(a.batch->log[0].message.n, RECORD_MESSAGE_MAX);
	assert_text(a.batch->log[0].metadata, "{\"partial\":\"first\"}");
	assert_text(a.batch->log[1].metadata, "{\"partial\":\"last\"}");
	finish(&a);
}

/* ------------------------------------------------------------------ MASK */

static void
mask_vector(const struct json_t *v)
{
	struct span want[8];
	struct masking m;
	struct json_t *doc = masking_from_json(vtext(v, "body"), &m);
	size_t n = 0, i;

	if (vhas(v, "fault")) {
		assert_null(doc);
		return;
	}
	assert_non_null(doc);
	if (vhas(v, "refusal"))
		assert_text(vtext(v, "refusal"), refusal_code(m.refusal));
	else {
		assert_int_equal(m.refusal, REFUSAL_NONE);
		assert_true(span_eq(vtext(v, "execution"), m.execution));
		assert_int_equal(jget_texts(v, "values", want, 8, &n),
		    JGET_OK);
		assert_int_equal(m.n, n);
		assert_int_equal(m.tag, vint(v, "tag", 0));
		for (i = 0; i < n; i++)
			assert_true(span_eq(m.value[i], want[i]));
	}
	jdoc_free(doc);
}

static void
test_mask_frames(void **state)
{
	(void)state;
	each_vector("mask", mask_vector);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_execution_has_its_own),
		cmocka_unit_test(test_forgotten_ten_minutes_after_the_end),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_a_share_for_each_user),
		cmocka_unit_test(test_records_are_masked),
		cmocka_unit_test(test_a_torn_end_may_be_a_value),
		cmocka_unit_test(test_what_meets_when_a_key_is_cut_out),
		cmocka_unit_test(test_events_are_masked),
		cmocka_unit_test(test_other_events_are_no_end),
		cmocka_unit_test(test_metadata_that_is_none_is_still_refused),
		cmocka_unit_test(test_what_has_grown_comes_in_parts),
		cmocka_unit_test(test_mask_frames),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
