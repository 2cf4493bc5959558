#include "sql/ranges.h"

#include "sql/db.h"
#include "sql/text.h"

#define NO_RANGE	INT64_MIN

#define ROW_BYTES	60	/* of a row and its two index entries, beside
				   the texts */

bool
ranges_prepare(struct ranges *t, sqlite3 *db, struct sql_error *error)
{
	sqlite3_stmt *stmt = db_prepare(db, sql_ranges_seen, error);
	sqlite3_int64 seen = 0;
	bool ok;

	*t = (struct ranges){ .db = db, .looked = NO_RANGE };
	ok = stmt != NULL && db_integer(stmt, &seen, error) == SQL_DONE;
	(void)sqlite3_finalize(stmt);
	t->seen = t->next_seen = seen;
	return (ok &&
	    (t->add = db_prepare(db, sql_range_add, error)) != NULL &&
	    (t->doubt = db_prepare(db, sql_range_doubt, error)) != NULL &&
	    (t->from = db_prepare(db, sql_ranges_from, error)) != NULL &&
	    (t->rest = db_prepare(db, sql_range_rest, error)) != NULL &&
	    (t->texts = db_prepare(db, sql_range_texts, error)) != NULL &&
	    (t->set = db_prepare(db, sql_range_set, error)) != NULL &&
	    (t->drop = db_prepare(db, sql_range_drop, error)) != NULL &&
	    (t->less = db_prepare(db, sql_range_less, error)) != NULL);
}

/* Step a bound statement that returns no row. */
static enum sql_result
run(struct ranges *t, sqlite3_stmt *stmt, struct sql_error *error)
{
	enum sql_result result = db_result(t->db, sqlite3_step(stmt), error);

	(void)sqlite3_reset(stmt);
	return (result);
}

/* What a batch has of one range. */
struct share {
	int64_t	range;
	int64_t	rows;
	int64_t	bytes;
	int64_t	oldest;
	int64_t	newest;
	int64_t	last_id;
	bool	whole;
};

static enum sql_result
add(struct ranges *t, const struct share *s, struct sql_error *error)
{
	(void)sqlite3_bind_int64(t->add, 1, s->range);
	(void)sqlite3_bind_int64(t->add, 2, s->rows);
	(void)sqlite3_bind_int64(t->add, 3, s->bytes);
	(void)sqlite3_bind_int64(t->add, 4, s->oldest);
	(void)sqlite3_bind_int64(t->add, 5, s->newest);
	(void)sqlite3_bind_int64(t->add, 6, s->last_id);
	(void)sqlite3_bind_int(t->add, 7, s->whole);
	return (run(t, t->add, error));
}

/* However many there are: what lies between the first and the last of their
   ranges is not in the map, and so is looked at anyway. */
enum sql_result
ranges_note(struct ranges *t, int64_t newest, struct sql_error *error)
{
	enum sql_result result;

	t->next_seen = t->seen;
	if (newest <= t->seen)
		return (SQL_DONE);
	(void)sqlite3_bind_int64(t->doubt, 1, (t->seen + 1) >> RANGES_SHIFT);
	if ((result = run(t, t->doubt, error)) != SQL_DONE)
		return (result);
	t->next_seen = newest;
	return (add(t, &(struct share){
		.range = newest >> RANGES_SHIFT,
		.oldest = INT64_MAX,
		.newest = INT64_MIN,
		.last_id = newest,
	}, error));
}

static int64_t
row_bytes(const struct log_row *r)
{
	return ((int64_t)(2 * r->execution.n + 2 * r->task.n + r->level.n +
	    r->source.n + r->message.n + r->metadata.n) + ROW_BYTES);
}

static void
count(struct share *s, const struct log_row *r)
{
	s->rows++;
	s->bytes += row_bytes(r);
	s->last_id = r->id;
	if (r->timestamp < s->oldest)
		s->oldest = r->timestamp;
	if (r->timestamp > s->newest)
		s->newest = r->timestamp;
}

enum sql_result
ranges_apply(struct ranges *t, const struct store_batch *b,
    int64_t newest_before, struct sql_error *error)
{
	enum sql_result result;
	struct share s;
	size_t i = 0;

	result = ranges_note(t, newest_before, error);
	while (i < b->nlog && result == SQL_DONE) {
		s = (struct share){
			.range = b->log[i].id >> RANGES_SHIFT,
			.oldest = INT64_MAX,
			.newest = INT64_MIN,
			.whole = true,
		};
		while (i < b->nlog && b->log[i].id >> RANGES_SHIFT == s.range)
			count(&s, &b->log[i++]);
		result = add(t, &s, error);
		t->next_seen = s.last_id;
	}
	return (result);
}

void
ranges_committed(struct ranges *t)
{
	t->seen = t->next_seen;
}

enum sql_result
ranges_find(struct ranges *t, struct range *r, int64_t last, int64_t cutoff,
    struct sql_error *error)
{
	struct range found;
	enum sql_result result;
	int rc;

	(void)sqlite3_bind_int64(t->from, 1, r->range);
	(void)sqlite3_bind_int64(t->from, 2, last);
	*r = (struct range){ .range = r->range };
	while ((rc = sqlite3_step(t->from)) == SQLITE_ROW) {
		found = (struct range){
			.range = sqlite3_column_int64(t->from, 0),
			.oldest = sqlite3_column_int64(t->from, 1),
			.newest = sqlite3_column_int64(t->from, 2),
			.whole = sqlite3_column_int(t->from, 3) != 0,
		};
		if (found.range != r->range)
			break;
		if (!found.whole || found.oldest < cutoff) {
			*r = found;
			break;
		}
		r->range++;
	}
	result = db_result(t->db, rc, error);
	(void)sqlite3_reset(t->from);
	return (result);
}

static void
bind_ids(sqlite3_stmt *stmt, int64_t range)
{
	(void)sqlite3_bind_int64(stmt, 1, range << RANGES_SHIFT);
	(void)sqlite3_bind_int64(stmt, 2,
	    (range << RANGES_SHIFT) + RANGES_IDS - 1);
}

/* All its texts are read. */
static void
size_up(struct ranges *t, int64_t range)
{
	sqlite3_stmt *stmt = t->texts;
	int64_t rows = 0, bytes = 0;

	bind_ids(stmt, range);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		rows++;
		bytes += row_bytes(&(struct log_row){
			.execution = db_column_text(stmt, 0),
			.task = db_column_text(stmt, 1),
			.level = db_column_text(stmt, 2),
			.source = db_column_text(stmt, 3),
			.message = db_column_text(stmt, 4),
			.metadata = db_column_text(stmt, 5),
		});
	}
	(void)sqlite3_reset(stmt);
	t->looked = range;
	t->row_bytes = rows > 0 ? bytes / rows : 0;
}

void
ranges_look(struct ranges *t, const struct range *r)
{
	if (!ranges_may_close(t, r))
		size_up(t, r->range);
	bind_ids(t->rest, r->range);
	(void)sqlite3_bind_int64(t->rest, 3, INT64_MIN);
	(void)run(t, t->rest, NULL);
}

bool
ranges_may_close(const struct ranges *t, const struct range *r)
{
	return (r->whole || r->range == t->looked);
}

/* What is in it now: of what size the rows are was known before. */
static enum sql_result
bind_rest(struct ranges *t, int64_t range, int64_t cutoff, int64_t *rows,
    struct sql_error *error)
{
	enum sql_result result;
	int i, rc;

	bind_ids(t->rest, range);
	(void)sqlite3_bind_int64(t->rest, 3, cutoff);
	if ((rc = sqlite3_step(t->rest)) == SQLITE_ROW) {
		*rows = sqlite3_column_int64(t->rest, 0);
		for (i = 0; i < 4; i++)
			(void)sqlite3_bind_int64(t->set, i + 2,
			    sqlite3_column_int64(t->rest, i));
	}
	result = db_result(t->db, rc, error);
	(void)sqlite3_reset(t->rest);
	(void)sqlite3_bind_int64(t->set, 1, range);
	if (range == t->looked && t->row_bytes > 0)
		(void)sqlite3_bind_int64(t->set, 6, t->row_bytes);
	else
		(void)sqlite3_bind_null(t->set, 6);
	return (result);
}

enum sql_result
ranges_close(struct ranges *t, int64_t range, int64_t cutoff,
    struct sql_error *error)
{
	enum sql_result result;
	int64_t rows = 0;

	if ((result = bind_rest(t, range, cutoff, &rows, error)) != SQL_DONE)
		return (result);
	t->looked = NO_RANGE;
	if (rows > 0)
		return (run(t, t->set, error));
	(void)sqlite3_bind_int64(t->drop, 1, range);
	return (run(t, t->drop, error));
}

enum sql_result
ranges_less(struct ranges *t, int64_t range, int64_t rows,
    struct sql_error *error)
{
	(void)sqlite3_bind_int64(t->less, 1, range);
	(void)sqlite3_bind_int64(t->less, 2, rows);
	return (run(t, t->less, error));
}
