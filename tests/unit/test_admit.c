/*
 * What producers sent becomes rows of a batch; a batch keeps what it is given.
 */
#include "tests/unit/support.h"

#include <stdlib.h>

#include "daemon/admit.h"
#include "daemon/arena.h"
#include "daemon/batch.h"
#include "daemon/limits.h"
#include "proto/audit.h"
#include "proto/record.h"

static struct record
record(void)
{
	return ((struct record){ .execution = span_of("e1"),
	    .source = span_of("s"), .level = LEVEL_ERROR,
	    .message = span_of("m") });
}

static int64_t
received(struct admit *a, int64_t wall)
{
	struct batch *b = batch_new();
	struct record r = record();
	int64_t timestamp;

	assert_int_equal(admit_log(a, b, &r, wall, 0), REFUSAL_NONE);
	timestamp = b->log[0].timestamp;
	batch_free(b);
	return (timestamp);
}

static void
test_the_time_of_receipt(void **state)
{
	struct admit *a = admit_new(NULL);

	(void)state;
	assert_int_equal(received(a, 1000000), 1000000);
	/* A clock that is nudged back does not turn rows around. */
	assert_int_equal(received(a, 999999), 1000000);
	assert_int_equal(received(a, 1000000 - 59999), 1000000);
	assert_int_equal(received(a, 1000001), 1000001);
	/* One that was set is followed. */
	assert_int_equal(received(a, 900000), 900000);
	assert_int_equal(received(a, 900001), 900001);
	admit_free(a);
}

static void
test_a_record_becomes_a_row(void **state)
{
	struct admit *a = admit_new(NULL);
	struct batch *b = batch_new();
	struct record r = record();

	(void)state;
	r.has_timestamp = r.has_attempt = true;
	r.timestamp = -5;
	r.attempt = 2;
	r.task = span_of("t");
	r.stream = STREAM_STDERR;
	r.metadata = span_of("{\"k\":1}");
	assert_int_equal(admit_log(a, b, &r, 1000, 7), REFUSAL_NONE);
	r = record();
	assert_int_equal(admit_log(a, b, &r, 1000, 8), REFUSAL_NONE);
	assert_int_equal(batch_rows(b), 2);
	assert_int_equal(b->begun_ms, 7);
	assert_int_equal(b->log[0].timestamp, -5);
	assert_text(b->log[0].level, "ERROR");
	assert_text(b->log[0].task, "t");
	assert_text(b->log[0].metadata,
	    "{\"attempt\":2,\"stream\":\"stderr\",\"k\":1}");
	assert_int_equal(b->log[1].timestamp, 1000);
	assert_null(b->log[1].task.p);
	assert_null(b->log[1].metadata.p);
	assert_int_equal(admit_refused(a), 0);
	batch_free(b);
	admit_free(a);
}

static void
test_what_is_refused_leaves_a_row(void **state)
{
	struct admit *a = admit_new(NULL);
	struct batch *b = batch_new();
	struct record r = record();

	(void)state;
	r.level = 4;
	r.task = span_of("t");
	assert_int_equal(admit_log(a, b, &r, 1000, 0), REFUSAL_LEVEL);
	r = record();
	r.metadata = span_of("[]");
	r.task = span_of("\n");
	assert_int_equal(admit_log(a, b, &r, 1000, 0), REFUSAL_TASK_ID);
	r.task = SPAN_NONE;
	assert_int_equal(admit_log(a, b, &r, 1000, 0), REFUSAL_METADATA);
	/* Nobody's execution: nowhere to put it. */
	r.execution = span_of("");
	assert_int_equal(admit_log(a, b, &r, 1000, 0), REFUSAL_EXECUTION_ID);
	assert_int_equal(batch_rows(b), 3);
	assert_int_equal(admit_refused(a), 4);
	assert_text(b->log[0].source, "execlogd");
	assert_text(b->log[0].level, "WARN");
	assert_text(b->log[0].task, "t");
	assert_int_equal(b->log[0].timestamp, 1000);
	assert_text(b->log[0].metadata,
	    "{\"event\":\"refused\",\"code\":\"bad-level\"}");
	assert_null(b->log[1].task.p);
	assert_text(b->log[2].metadata,
	    "{\"event\":\"refused\",\"code\":\"bad-metadata\"}");
	batch_free(b);
	admit_free(a);
}

static void
test_an_event_becomes_a_row(void **state)
{
	struct admit *a = admit_new(NULL);
	struct batch *b = batch_new();
	struct audit e = { .execution = span_of("e1"),
	    .type = AUDIT_TIMEOUT };

	(void)state;
	assert_int_equal(admit_audit(a, b, &e, &(struct sender){ 0 }, 1000, 0), REFUSAL_NONE);
	e.has_timestamp = true;
	e.timestamp = INT64_C(1) << 53;
	e.metadata = span_of("{ \"n\": 1.10 }");
	assert_int_equal(admit_audit(a, b, &e, &(struct sender){ 0 }, 1000, 0), REFUSAL_NONE);
	e.timestamp++;
	assert_int_equal(admit_audit(a, b, &e, &(struct sender){ 0 }, 1000, 0), REFUSAL_TIMESTAMP);
	assert_int_equal(b->naudit, 2);
	assert_int_equal(b->nlog, 1);
	assert_text(b->audit[0].type, "TIMEOUT");
	assert_int_equal(b->audit[0].timestamp, 1000);
	assert_text(b->audit[0].metadata, "{}");
	assert_text(b->audit[1].metadata, "{ \"n\": 1.10 }");
	batch_free(b);
	admit_free(a);
}

/* One record of bytes that are no text can be several rows. */
static void
test_parts_are_rows(void **state)
{
	static char bytes[RECORD_MESSAGE_MAX];
	struct admit *a = admit_new(NULL);
	struct batch *b = batch_new();
	struct record r = record();
	size_t i, total = 0;

	(void)state;
	memset(bytes, 0xff, sizeof bytes);
	r.message = (struct span){ bytes, sizeof bytes };
	assert_int_equal(admit_log(a, b, &r, 1000, 0), REFUSAL_NONE);
	assert_in_range(b->nlog, 2, 4);
	for (i = 0; i < b->nlog; i++) {
		assert_text(b->log[i].execution, "e1");
		assert_true(b->log[i].message.n <= RECORD_MESSAGE_MAX);
		total += b->log[i].message.n;
	}
	assert_int_equal(total, 3 * sizeof bytes);
	batch_free(b);
	admit_free(a);
}

/* ----------------------------------------------------------------- batch */

static void
test_copies_live_until_the_reset(void **state)
{
	static char big[1024 * 1024];
	struct span copy[3000];
	struct arena a = { 0 };
	char text[300];
	size_t i, k;
	int round;

	(void)state;
	memset(big, 'b', sizeof big);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 3000; i++) {
			memset(text, (int)(i % 251), sizeof text);
			copy[i] = arena_copy(&a, i == 1500 ?
			    (struct span){ big, sizeof big } :
			    (struct span){ text, i % sizeof text });
		}
		for (i = 0; i < 3000; i++)
			for (k = 0; k < copy[i].n; k++)
				assert_int_equal((uint8_t)copy[i].p[k],
				    i == 1500 ? 'b' : i % 251);
		assert_int_equal(copy[1500].n, sizeof big);
		arena_reset(&a);
	}
	assert_null(arena_copy(&a, SPAN_NONE).p);
	assert_non_null(arena_copy(&a, span_of("")).p);
	arena_free(&a);
	arena_free(&a);
}

static void
test_all_that_a_batch_can_hold(void **state)
{
	struct batch *b = batch_new();
	char name[16];
	struct producer_mark m = { .uid = 1 };
	struct producer_claim c = { .uid = 2 };
	struct audit_row e = { .type = span_of("STARTED"),
	    .metadata = span_of("{}") };
	size_t i;

	(void)state;
	assert_true(batch_is_empty(b));
	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof name, "p%zu", i);
		m.producer = c.producer = e.execution = span_of(name);
		m.number = i;
		assert_int_equal(batch_add_mark(b, &m, 5), i);
		assert_int_equal(batch_add_claim(b, &c, 6), i);
		batch_add_forget(b, span_of(name), 7);
		batch_add_audit(b, &e, 8);
	}
	batch_add_present(b, span_of("p1"));
	b->sweep = true;
	memset(name, 0, sizeof name);
	assert_int_equal(b->begun_ms, 5);
	assert_text(b->present[0], "p1");
	assert_int_equal(batch_rows(b), 300);
	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof name, "p%zu", i);
		assert_text(b->mark[i].producer, name);
		assert_int_equal(b->mark[i].number, i);
		assert_text(b->claim[i].producer, name);
		assert_text(b->forget[i], name);
		assert_text(b->audit[i].execution, name);
	}
	/* An event counts, a name does not. */
	assert_true(batch_has(b, span_of("p299")));
	batch_reset(b, 9);
	assert_true(batch_is_empty(b));
	assert_int_equal(b->npresent, 0);
	assert_false(b->sweep);
	assert_int_equal(b->serial, 9);
	(void)batch_add_mark(b, &m, 5);
	assert_false(batch_has(b, span_of("p299")));
	batch_free(b);
}

/* What has no rows is due as well, by its age. */
static void
test_a_claim_alone_is_due(void **state)
{
	struct producer_claim c = { .producer = span_of("p") };
	struct batch *b = batch_new();

	(void)state;
	(void)batch_add_claim(b, &c, 100);
	assert_false(batch_is_empty(b));
	assert_int_equal(batch_rows(b), 0);
	assert_false(batch_is_due(b, 1099, 1, 1000));
	assert_true(batch_is_due(b, 1100, 1, 1000));
	b->urgent = true;
	assert_true(batch_is_due(b, 100, 1, 1000));
	batch_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_time_of_receipt),
		cmocka_unit_test(test_a_record_becomes_a_row),
		cmocka_unit_test(test_what_is_refused_leaves_a_row),
		cmocka_unit_test(test_an_event_becomes_a_row),
		cmocka_unit_test(test_parts_are_rows),
		cmocka_unit_test(test_copies_live_until_the_reset),
		cmocka_unit_test(test_all_that_a_batch_can_hold),
		cmocka_unit_test(test_a_claim_alone_is_due),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
