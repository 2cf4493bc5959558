#include <stdio.h>

#include "sql/counts.h"
#include "sql/db.h"
#include "sql/ranges.h"
#include "sql/sweeper_inner.h"
#include "sql/text.h"

#define CLOCK_EVERY	8	/* rows between two looks at the clock */

void
victims_reset(struct sweeper *w)
{
	buf_reset(&w->texts);
	w->nvictim = w->nprey = 0;
}

/* FNV-1a. */
static uint32_t
hash_of(struct span s)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return (h);
}

struct span
victim_name(const struct sweeper *w, const struct victim *v)
{
	return ((struct span){ w->texts.p + v->text, v->length });
}

static bool
is_victim(const struct sweeper *w, const struct victim *v, uint32_t hash,
    struct span execution)
{
	return (v->hash == hash && span_eq(victim_name(w, v), execution));
}

size_t
victim_add(struct sweeper *w, struct span execution)
{
	uint32_t hash = hash_of(execution);
	struct victim *v;
	size_t i;

	/* Rows of an execution often lie together. */
	for (i = w->nvictim; i > 0; i--)
		if (is_victim(w, &w->victim[i - 1], hash, execution))
			return (i - 1);
	v = &w->victim[w->nvictim];
	*v = (struct victim){
		.hash = hash,
		.text = w->texts.n,
		.length = execution.n,
		.first_id = INT64_MAX,
		.last_id = INT64_MIN,
		.oldest = INT64_MAX,
		.newest = INT64_MIN,
	};
	buf_span(&w->texts, execution);
	buf_char(&w->texts, '\0');
	return (w->nvictim++);
}

static void
add_prey(struct sweeper *w, sqlite3_stmt *stmt, size_t victim)
{
	w->prey[w->nprey++] = (struct prey){
		.id = sqlite3_column_int64(stmt, 0),
		.time = sqlite3_column_int64(stmt, 1),
		.victim = victim,
	};
}

static enum sql_result
gathered(struct sweeper *w, sqlite3_stmt *stmt, int rc,
    struct sql_error *error)
{
	enum sql_result result = db_result(w->db, rc, error);

	(void)sqlite3_reset(stmt);
	if (result == SQL_DONE && w->texts.failed)
		result = db_result(w->db, SQLITE_NOMEM, error);
	return (result);
}

enum sql_result
victims_gather(struct sweeper *w, sqlite3_stmt *stmt, struct sql_error *error)
{
	int rc;

	victims_reset(w);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW &&
	    w->nprey < SWEEP_ROWS_MAX)
		add_prey(w, stmt, victim_add(w, db_column_text(stmt, 2)));
	return (gathered(w, stmt, rc, error));
}

enum sql_result
victims_gather_of(struct sweeper *w, sqlite3_stmt *stmt,
    struct sql_error *error)
{
	int rc;

	w->nprey = 0;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW &&
	    w->nprey < SWEEP_ROWS_MAX)
		add_prey(w, stmt, 0);
	return (gathered(w, stmt, rc, error));
}

enum sql_result
victim_judge(struct sweeper *w, const struct sweep_step *step,
    struct victim *v, struct sql_error *error)
{
	enum sql_result result;

	v->judged = true;
	result = verdict_of(&w->verdict, victim_name(w, v), step->young,
	    &v->reason, error);
	if (v->reason == SWEEP_FAILED &&
	    step->sweep.failed_cutoff >= step->sweep.cutoff)
		v->reason = SWEEP_GOES;
	return (result);
}

bool
victim_keeps(const struct sweep_step *step, const struct victim *v,
    int64_t time)
{
	return (v->reason == SWEEP_RUNNING || (v->reason == SWEEP_FAILED &&
	    time >= step->sweep.failed_cutoff));
}

static enum sql_result
remove_row(struct sweeper *w, const struct sweep_step *step,
    const struct prey *p, struct sql_error *error)
{
	enum sql_result result;

	if (step->dry)
		return (SQL_DONE);
	(void)sqlite3_bind_int64(w->remove, 1, p->id);
	(void)sqlite3_bind_int64(w->remove, 2, step->sweep.cutoff);
	result = db_result(w->db, sqlite3_step(w->remove), error);
	(void)sqlite3_reset(w->remove);
	/* As with rows that are stored: see insert_all. */
	if (result == SQL_DONE && sqlite3_changes(w->db) != 1) {
		error->result = result = SQL_FOREIGN;
		(void)snprintf(error->text, sizeof error->text,
		    "a trigger in the file keeps rows from being deleted");
	}
	return (result);
}

static void
count(struct victim *v, const struct prey *p)
{
	v->rows++;
	v->first_id = p->id < v->first_id ? p->id : v->first_id;
	v->last_id = p->id > v->last_id ? p->id : v->last_id;
	v->oldest = p->time < v->oldest ? p->time : v->oldest;
	v->newest = p->time > v->newest ? p->time : v->newest;
}

/* One that was spared before is counted by itself. */
static enum sql_result
skip_counted(struct sweeper *w, struct victim *v, struct sql_error *error)
{
	sqlite3_stmt *stmt = w->stmt[SWEEPER_SPARED_HAS];
	sqlite3_int64 has = 0;
	enum sql_result result;

	db_bind_text(stmt, 1, victim_name(w, v));
	result = db_integer(stmt, &has, error);
	v->counted = has != 0;
	return (result);
}

static enum sql_result
take(struct sweeper *w, struct sweep_step *step, const struct prey *p,
    struct sql_error *error)
{
	struct victim *v = &w->victim[p->victim];
	enum sql_result result = SQL_DONE;

	if (!v->judged) {
		result = victim_judge(w, step, v, error);
		if (result == SQL_DONE && step->dry)
			result = skip_counted(w, v, error);
	}
	if (result != SQL_DONE)
		return (result);
	if (v->counted)
		return (SQL_DONE);
	if (victim_keeps(step, v, p->time)) {
		v->kept++;
		return (SQL_DONE);
	}
	if ((result = remove_row(w, step, p, error)) == SQL_DONE) {
		count(v, p);
		step->sweep.rows++;
	}
	return (result);
}

static enum sql_result
note_removed(struct sweeper *w, const struct sweep_step *step,
    const struct victim *v, struct sql_error *error)
{
	sqlite3_stmt *stmt = w->stmt[SWEEPER_REMOVED_ADD];
	enum sql_result result;

	db_bind_text(stmt, 1, victim_name(w, v));
	(void)sqlite3_bind_int64(stmt, 2, v->rows);
	(void)sqlite3_bind_int64(stmt, 3, v->first_id);
	(void)sqlite3_bind_int64(stmt, 4, v->last_id);
	(void)sqlite3_bind_int64(stmt, 5, v->oldest);
	(void)sqlite3_bind_int64(stmt, 6, v->newest);
	(void)sqlite3_bind_int64(stmt, 7, step->now_ms);
	result = sweeper_run(w, SWEEPER_REMOVED_ADD, error);
	if (result != SQL_DONE)
		return (result);
	return (victim_leave(w, v, error));
}

enum sql_result
victim_forget(struct sweeper *w, const struct victim *v,
    struct sql_error *error)
{
	db_bind_text(w->stmt[SWEEPER_SPARED_DROP], 1, victim_name(w, v));
	return (sweeper_run(w, SWEEPER_SPARED_DROP, error));
}

enum sql_result
victim_release(struct sweeper *w, const struct victim *v, int64_t now_ms,
    struct sql_error *error)
{
	sqlite3_stmt *stmt = w->stmt[SWEEPER_ROWS_LEFT];
	sqlite3_int64 left = 1;
	enum sql_result result;

	db_bind_text(stmt, 1, victim_name(w, v));
	result = db_integer(stmt, &left, error);
	if (result != SQL_DONE)
		return (result);
	if (left == 0)
		return (victim_forget(w, v, error));
	/* The map does not know its old rows, and a sweep by a younger cutoff
	   may have spared some that this one leaves. */
	stmt = w->stmt[SWEEPER_SPARED_ADD];
	db_bind_text(stmt, 1, victim_name(w, v));
	db_bind_text(stmt, 2, span_of("ended"));
	(void)sqlite3_bind_int64(stmt, 3, now_ms);
	return (sweeper_run(w, SWEEPER_SPARED_ADD, error));
}

enum sql_result
victim_leave(struct sweeper *w, const struct victim *v,
    struct sql_error *error)
{
	static const enum sweeper_statement drops[] = { SWEEPER_STREAMS_DROP,
	    SWEEPER_TASKS_DROP, SWEEPER_SUMMARY_DROP };
	sqlite3_stmt *stmt = w->stmt[SWEEPER_ROWS_LEFT];
	sqlite3_int64 left = 1;
	enum sql_result result;
	size_t i;

	db_bind_text(stmt, 1, victim_name(w, v));
	result = db_integer(stmt, &left, error);
	if (result != SQL_DONE || left != 0)
		return (result);
	/* Lines of it that were counted would make a summary of nothing. */
	if (levels_know(&w->counts->levels, victim_name(w, v)) &&
	    (result = counts_flush(w->counts, error)) != SQL_DONE)
		return (result);
	for (i = 0; i < sizeof drops / sizeof drops[0]; i++) {
		db_bind_text(w->stmt[drops[i]], 1, victim_name(w, v));
		result = sweeper_run(w, drops[i], error);
		if (result != SQL_DONE)
			return (result);
	}
	return (victim_forget(w, v, error));
}

static enum sql_result
note_spared(struct sweeper *w, const struct sweep_step *step,
    const struct victim *v, struct sql_error *error)
{
	sqlite3_stmt *stmt = w->stmt[SWEEPER_SPARED_ADD];

	db_bind_text(stmt, 1, victim_name(w, v));
	db_bind_text(stmt, 2, span_of(sweep_reason_name(v->reason)));
	(void)sqlite3_bind_int64(stmt, 3, step->now_ms);
	return (sweeper_run(w, SWEEPER_SPARED_ADD, error));
}

/* Rows of a spared one are anywhere; where a sweep goes by id the range is closed
   instead. */
static enum sql_result
leave_ranges(struct sweeper *w, const struct sweep_step *step, size_t taken,
    struct sql_error *error)
{
	enum sql_result result = SQL_DONE;
	int64_t range, rows;
	size_t i = 0;

	while (i < taken && result == SQL_DONE) {
		range = w->prey[i].id >> RANGES_SHIFT;
		for (rows = 0; i < taken &&
		    w->prey[i].id >> RANGES_SHIFT == range; i++)
			rows += !victim_keeps(step,
			    &w->victim[w->prey[i].victim], w->prey[i].time);
		if (rows > 0)
			result = ranges_less(w->ranges, range, rows, error);
	}
	return (result);
}

enum sql_result
victims_take(struct sweeper *w, struct sweep_step *step, size_t *taken,
    struct sql_error *error)
{
	enum sql_result result = SQL_DONE;
	size_t i;

	for (i = 0; i < w->nprey && result == SQL_DONE &&
	    (i == 0 || i % CLOCK_EVERY != 0 || sweeper_has_time(w)); i++)
		result = take(w, step, &w->prey[i], error);
	*taken = i;
	if (result == SQL_DONE && step->sweep.phase == SWEEP_SPARED &&
	    !step->dry)
		result = leave_ranges(w, step, i, error);
	for (i = 0; i < w->nvictim && result == SQL_DONE && !step->dry; i++) {
		if (w->victim[i].rows > 0)
			result = note_removed(w, step, &w->victim[i], error);
		if (result == SQL_DONE && w->victim[i].kept > 0)
			result = note_spared(w, step, &w->victim[i], error);
	}
	return (result);
}

static void
tell(struct sweeper *w, struct sweep_step *step, const struct victim *v,
    enum sweep_reason reason, int64_t rows)
{
	if (rows > 0)
		w->found[step->nfound++] = (struct sweep_found){
			.execution = victim_name(w, v),
			.reason = reason,
			.rows = rows,
		};
}

void
victims_tell(struct sweeper *w, struct sweep_step *step)
{
	size_t i;

	step->nfound = 0;
	step->found = w->found;
	for (i = 0; i < w->nvictim; i++) {
		tell(w, step, &w->victim[i], SWEEP_GOES, w->victim[i].rows);
		tell(w, step, &w->victim[i], w->victim[i].reason,
		    w->victim[i].kept);
	}
}
