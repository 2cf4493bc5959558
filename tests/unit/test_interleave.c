/*
 * A small model of a follow, in every order: it is registered, its pages are
 * made by one thread and taken by another, batches of ours are committed by one
 * and told to the other, somebody else commits, old rows are deleted, the
 * reader comes back with its cursor.  Whatever the order, it is given each row
 * once that was not deleted before: the stored ones by (timestamp, id), then
 * the others by id; and the end behind all of them.
 */
#include "tests/unit/support.h"

#include "client/mark.h"
#include "daemon/batch.h"
#include "daemon/follow.h"
#include "proto/frame.h"
#include "sql/query.h"

#define BIG		(128 * 1024)	/* a page ends behind such a message */
#define MODEL_ROWS	16
#define MODEL_STEPS	16
#define TIDY_EVERY	50		/* models: the log begins anew */

struct row {
	int64_t	id;
	int64_t	time;
	bool	deleted;
};

struct model {
	struct world	*w;
	sqlite3		*other;		/* somebody else, and the sweep */
	const char	*sweep;		/* what is deleted, as SQL */
	char		 execution[16];
	const char	*order;		/* the steps, for complaints */
	struct row	 row[MODEL_ROWS];	/* all there ever were */
	size_t		 nrow;
	/* the loop and the writer */
	struct follow	*follow;
	struct batch	*batch;
	struct store_commit commit;
	bool		 untold;	/* committed, but the loop does not
					   know it yet */
	/* the follower and its reader */
	struct query	 q;
	struct follower	 f;
	bool		 follows;
	bool		 wants;		/* a page */
	bool		 made;		/* a page, not taken yet */
	struct mark	 mark;
	int64_t		 limit;		/* of the stored rows */
	int64_t		 got[MODEL_ROWS];
	size_t		 ngot;
};

#define check(m, ok)	do {						\
	if (!(ok))							\
		fail_msg("%s: not so: %s", (m)->order, #ok);		\
} while (0)

/* ------------------------------------------------------------ the follower */

static void
take_notice(struct model *m, const struct frame *f)
{
	struct notice n;

	assert_int_equal(f->type, FRAME_NOTICE);
	assert_true(notice_decode(f->body, &n));
	mark_notice(&m->mark, &n);
	if (n.kind == NOTICE_STORED && m->ngot == 0)
		m->limit = n.log;
	notice_free(&n);
}

static void
take_frames(struct model *m)
{
	struct buf *out = &m->q.out;
	struct log_row row;
	struct frame f;
	size_t at = 0;

	for (; at < out->n; at += f.size) {
		assert_int_equal(frame_decode(out->p + at, out->n - at, &f),
		    FRAME_OK);
		if (f.type != FRAME_LOG_ROW) {
			take_notice(m, &f);
			continue;
		}
		assert_true(log_row_decode(f.body, &row));
		check(m, m->ngot < MODEL_ROWS);
		m->got[m->ngot++] = row.id;
		mark_row(&m->mark, &row);
	}
	buf_reset(out);
}

/* What a session does whenever something may have changed. */
static void
poke(void *v)
{
	struct model *m = v;
	const struct position *to = follow_published(m->follow);
	struct query *q = &m->q;

	if (!m->follows || m->wants || m->made)
		return;
	take_frames(m);
	m->f.ready = false;
	check(m, q->phase < QUERY_OVER);
	if (q->phase == QUERY_LIVE) {
		if (q->at.log >= to->log && q->at.audit >= to->audit) {
			m->f.ready = true;
			return;
		}
		q->target = *to;
	}
	m->wants = true;
}

static void
subscribe(struct model *m)
{
	struct request r = {
		.kind = REQUEST_FOLLOW,
		.wait = true,
		.execution = span_of(m->execution),
		.lines = -1,
		.has_after = m->mark.known,
		.after = m->mark.at,
	};

	query_init(&m->q, &r);
	m->f = (struct follower){ .query = &m->q, .poke = poke, .arg = m };
	follow_add(m->follow, &m->f);
	m->follows = true;
	poke(m);
}

static void
leave(struct model *m)
{
	if (m->follows) {
		follow_remove(m->follow, &m->f);
		query_free(&m->q);
	}
	m->follows = m->wants = m->made = false;
}

static void
page(struct model *m)
{
	if (!m->wants)
		return;
	query_page(&m->q, m->w->pages);
	assert_int_equal(m->q.error.result, SQL_DONE);
	m->wants = false;
	m->made = true;
}

static void
done(struct model *m)
{
	m->made = false;
	poke(m);
}

/* -------------------------------------------------------------- the others */

static void
note_row(struct model *m, int64_t id, int64_t time)
{
	check(m, m->nrow < MODEL_ROWS);
	m->row[m->nrow++] = (struct row){ .id = id, .time = time };
}

static void
run_sql(struct model *m, const char *fmt, ...)
{
	va_list ap;
	char *sql;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	if (sqlite3_exec(m->other, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(m->other));
	sqlite3_free(sql);
}

static void
insert_theirs(struct model *m, int time, int bytes)
{
	run_sql(m, "INSERT INTO execution_logs(execution_id, timestamp, level, "
	    "source, message) VALUES(%Q, %d, 'INFO', 's', "
	    "substr(hex(zeroblob(%d)), 1, %d))", m->execution, time, bytes,
	    bytes);
	note_row(m, sqlite3_last_insert_rowid(m->other), time);
}

static void
commit(struct model *m, int64_t time, bool ends)
{
	struct log_row row = log_row_of(m->execution, "m");
	struct audit_row end = { .execution = row.execution,
	    .type = span_of("COMPLETED"), .metadata = span_of("{}") };

	check(m, !m->untold);
	batch_reset(m->batch, 1);
	row.timestamp = time;
	batch_add_log(m->batch, &row, 0);
	if (ends)
		batch_add_audit(m->batch, &end, 0);
	assert_int_equal(store_commit(m->w->store, &(struct store_batch){
	    .log = m->batch->log, .nlog = m->batch->nlog,
	    .audit = m->batch->audit, .naudit = m->batch->naudit },
	    &m->commit, &m->w->error), SQL_DONE);
	note_row(m, m->batch->log[0].id, time);
	m->untold = true;
}

static void
tell(struct model *m)
{
	m->untold = false;
	follow_committed(m->follow, m->batch, &m->commit);
}

/* Nobody looks while a commit is under way. */
static void
look(struct model *m)
{
	struct position p;

	if (m->untold)
		return;
	assert_int_equal(store_position(m->w->store, &p, &m->w->error),
	    SQL_DONE);
	follow_advanced(m->follow, &p);
}

static void
sweep(struct model *m)
{
	sqlite3_stmt *stmt;
	size_t i;

	run_sql(m, m->sweep, m->execution, m->execution);
	assert_int_equal(sqlite3_prepare_v2(m->other, "SELECT 1 FROM "
	    "execution_logs WHERE id = ?1", -1, &stmt, NULL), SQLITE_OK);
	for (i = 0; i < m->nrow; i++) {
		(void)sqlite3_bind_int64(stmt, 1, m->row[i].id);
		m->row[i].deleted = sqlite3_step(stmt) != SQLITE_ROW;
		(void)sqlite3_reset(stmt);
	}
	(void)sqlite3_finalize(stmt);
}

static void
step(struct model *m, char which)
{
	switch (which) {
	case 'S':
		subscribe(m);
		break;
	case 'p':
		page(m);
		break;
	case 'd':
		done(m);
		break;
	case 'R':
		leave(m);
		subscribe(m);
		break;
	case 'c':
		commit(m, 45, false);
		break;
	case 't':
		tell(m);
		break;
	case 'f':
		insert_theirs(m, 10, 1);
		break;
	case 'l':
		look(m);
		break;
	case 'x':
		sweep(m);
		break;
	default:
		fail();
	}
}

/* ---------------------------------------------------------------- verdicts */

static const struct row *
row_of(const struct model *m, int64_t id)
{
	size_t i;

	for (i = 0; i < m->nrow; i++)
		if (m->row[i].id == id)
			return (&m->row[i]);
	fail_msg("%s: a row that there never was", m->order);
	return (NULL);
}

static bool
in_order(const struct model *m, int64_t before, int64_t after)
{
	const struct row *a = row_of(m, before), *b = row_of(m, after);

	if (after > m->limit)
		return (before <= m->limit || before < after);
	return (before <= m->limit && (a->time < b->time ||
	    (a->time == b->time && before < after)));
}

static void
judge(struct model *m)
{
	size_t i, j, times;

	for (i = 1; i < m->ngot; i++)
		check(m, in_order(m, m->got[i - 1], m->got[i]));
	for (i = 0; i < m->nrow; i++) {
		times = 0;
		for (j = 0; j < m->ngot; j++)
			times += m->got[j] == m->row[i].id;
		check(m, times == 1 || (times == 0 && m->row[i].deleted));
	}
	check(m, strcmp(m->q.event, "COMPLETED") == 0);
}

/* Whatever is under way ends; then the execution does. */
static void
finish(struct model *m)
{
	if (m->untold)
		tell(m);
	if (m->made)
		done(m);
	commit(m, 20, true);
	check(m, m->q.event[0] == '\0');
	tell(m);
	while (m->wants) {
		page(m);
		done(m);
	}
	check(m, m->f.ready);
}

/* Two stored rows; the older one may fill a page. */
static void
run_model(struct model *m, const char *order, int bytes)
{
	static int serial;
	struct position p;

	m->order = order;
	m->nrow = m->ngot = 0;
	m->mark = (struct mark){ .fd = -1 };
	(void)snprintf(m->execution, sizeof m->execution, "e%d", ++serial);
	insert_theirs(m, 50, 1);
	insert_theirs(m, 40, bytes);
	assert_int_equal(store_position(m->w->store, &p, &m->w->error),
	    SQL_DONE);
	m->follow = follow_new(&p);
	for (; *order != '\0'; order++)
		step(m, *order);
	finish(m);
	judge(m);
	leave(m);
	follow_free(m->follow);
	if (serial % TIDY_EVERY == 0)
		run_sql(m, "DELETE FROM execution_logs; PRAGMA "
		    "wal_checkpoint(RESTART)");
}

/* ------------------------------------------------------------- every order */

#define ACTORS_MAX	4

struct play {
	const char	*actor[ACTORS_MAX];	/* what each does, in its order */
	int		 bytes;			/* of the first stored row */
	char		 order[MODEL_STEPS + 1];
	size_t		 n;
	size_t		 orders;		/* that there were */
};

static void
play_on(struct model *m, struct play *p)
{
	const char *actor;
	bool over = true;
	size_t i;

	for (i = 0; i < ACTORS_MAX; i++) {
		actor = p->actor[i];
		if (actor == NULL || *actor == '\0')
			continue;
		over = false;
		p->order[p->n++] = *actor;
		p->actor[i]++;
		play_on(m, p);
		p->actor[i] = actor;
		p->order[--p->n] = '\0';
	}
	if (!over)
		return;
	p->orders++;
	run_model(m, p->order, p->bytes);
}

#define ALL	"DELETE FROM execution_logs WHERE execution_id = %Q"
#define OLDEST	"DELETE FROM execution_logs WHERE execution_id = %Q AND " \
	"id = (SELECT min(id) FROM execution_logs WHERE execution_id = %Q)"

static void
play(void **state, struct play p, const char *swept, size_t orders)
{
	struct model m = { .w = *state, .sweep = swept };

	/* Here nothing has to survive a power cut. */
	store_close(m.w->store);
	m.w->store = store_open(m.w->path, false, true, 0, &m.w->error);
	assert_non_null(m.w->store);
	m.other = stranger(m.w, "PRAGMA synchronous = OFF; "
	    "PRAGMA wal_autocheckpoint = 0");
	m.batch = batch_new();
	play_on(&m, &p);
	batch_free(m.batch);
	(void)sqlite3_close(m.other);
	assert_int_equal(p.orders, orders);
}

static void
test_subscribe_commit_theirs_sweep(void **state)
{
	play(state, (struct play){ .actor = { "Spdp", "ct", "fl", "x" },
	    .bytes = 1 }, ALL, 3780);
}

static void
test_stored_rows_of_several_pages(void **state)
{
	play(state, (struct play){ .actor = { "Spdpd", "ct", "f", "x" },
	    .bytes = BIG }, OLDEST, 1512);
}

static void
test_two_batches(void **state)
{
	play(state, (struct play){ .actor = { "Spd", "ctct", "f", "x" },
	    .bytes = 1 }, OLDEST, 2520);
}

static void
test_a_reader_that_comes_back(void **state)
{
	play(state, (struct play){ .actor = { "SpdRpd", "ct", "f", "x" },
	    .bytes = BIG }, ALL, 2520);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_subscribe_commit_theirs_sweep),
		world_test(test_stored_rows_of_several_pages),
		world_test(test_two_batches),
		world_test(test_a_reader_that_comes_back),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
