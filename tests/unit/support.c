#include "tests/unit/support.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

void
each_vector(const char *name, vector_fn *fn)
{
	char path[128];
	char *line = NULL;
	struct json_t *doc;
	size_t cap = 0, count = 0;
	ssize_t n;
	FILE *f;

	(void)snprintf(path, sizeof path, "tests/vectors/%s.ndjson", name);
	f = fopen(path, "r");
	assert_non_null(f);
	while ((n = getline(&line, &cap, f)) > 0) {
		doc = jdoc_parse((struct span){ line, (size_t)n - 1 });
		assert_non_null(doc);
		printf("  %s: %.*s\n", name, (int)vtext(doc, "name").n,
		    vtext(doc, "name").p);
		fn(doc);
		jdoc_free(doc);
		count++;
	}
	free(line);
	(void)fclose(f);
	assert_true(count > 0);
}

struct span
vtext(const struct json_t *v, const char *key)
{
	struct span s = SPAN_NONE;

	assert_int_not_equal(jget_text(v, key, &s), JGET_WRONG);
	return (s);
}

int64_t
vint(const struct json_t *v, const char *key, int64_t absent)
{
	assert_int_not_equal(jget_i64(v, key, &absent), JGET_WRONG);
	return (absent);
}

bool
vbool(const struct json_t *v, const char *key, bool absent)
{
	assert_int_not_equal(jget_bool(v, key, &absent), JGET_WRONG);
	return (absent);
}

bool
vhas(const struct json_t *v, const char *key)
{
	struct span s;

	return (jget_text(v, key, &s) != JGET_NONE);
}

static int
digit(char c)
{
	return (c >= 'a' ? c - 'a' + 10 : c - '0');
}

void
vhex(const struct json_t *v, const char *key, struct buf *b)
{
	struct span hex = vtext(v, key);
	size_t i;

	for (i = 0; i + 1 < hex.n; i += 2)
		buf_u8(b, (uint8_t)(digit(hex.p[i]) * 16 +
		    digit(hex.p[i + 1])));
}

void
assert_hex(struct span s, const struct json_t *v, const char *key)
{
	struct buf b = { 0 };

	if (!vhas(v, key)) {
		assert_int_equal(s.n, 0);
		return;
	}
	vhex(v, key, &b);
	assert_true(span_eq(s, buf_text(&b)));
	buf_free(&b);
}

void
assert_text(struct span s, const char *text)
{
	if (!span_is(s, text))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.n, s.p, text);
}

struct log_row
log_row_of(const char *execution, const char *message)
{
	return ((struct log_row){ .execution = span_of(execution),
	    .level = span_of("INFO"), .source = span_of("s"),
	    .message = span_of(message) });
}

void
folder_make(char path[64])
{
	(void)strcpy(path, "/tmp/execlog-unit.XXXXXX");
	assert_non_null(mkdtemp(path));
}

void
folder_remove(const char *path)
{
	char name[512];
	struct dirent *e;
	DIR *d = opendir(path);

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		(void)snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		(void)unlink(name);
	}
	(void)closedir(d);
	assert_int_equal(rmdir(path), 0);
}

int
world_set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	folder_make(w->folder);
	(void)snprintf(w->path, sizeof w->path, "%s/a.db", w->folder);
	assert_true(dbfile_claim(&w->file, w->path, "test\n", &w->error));
	w->store = store_open(w->path, true, true, 0, &w->error);
	assert_non_null(w->store);
	w->pages = pages_open(w->path, &w->error);
	assert_non_null(w->pages);
	*state = w;
	return (0);
}

int
world_tear_down(void **state)
{
	struct world *w = *state;

	pages_close(w->pages);
	store_close(w->store);
	dbfile_release(&w->file);
	folder_remove(w->folder);
	free(w);
	return (0);
}

bool
world_open_again(struct world *w)
{
	store_close(w->store);
	w->error = (struct sql_error){ .result = SQL_DONE };
	w->store = store_open(w->path, true, true, 7, &w->error);
	return (w->store != NULL);
}

enum sql_result
world_commit_one(struct world *w, struct store_commit *c)
{
	struct log_row row = { .execution = span_of("e1"), .timestamp = 5,
	    .task = span_of("t"), .level = span_of("INFO"),
	    .source = span_of("s"), .message = span_of("gr\xc3\xbc\xc3\x9f"),
	    .metadata = span_of("{}") };
	struct audit_row event = { .execution = span_of("e1"), .timestamp = 6,
	    .type = span_of("STARTED"), .metadata = span_of("{}") };
	struct store_batch b = { .log = &row, .nlog = 1, .audit = &event,
	    .naudit = 1 };

	return (store_commit(w->store, &b, c, &w->error));
}

sqlite3 *
stranger(struct world *w, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	return (db);
}

void
meanwhile(struct world *w, const char *sql)
{
	(void)sqlite3_close(stranger(w, sql));
}

static int
put_row(void *v, int n, char **value, char **name)
{
	struct buf *b = v;
	int i;

	(void)name;
	if (b->n > 0)
		buf_char(b, '\n');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_char(b, '|');
		buf_str(b, value[i] != NULL ? value[i] : "NULL");
	}
	return (0);
}

void
world_ask(struct world *w, const char *sql, struct buf *answer)
{
	sqlite3 *db = stranger(w, "");

	buf_reset(answer);
	if (sqlite3_exec(db, sql, put_row, answer, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

void
assert_answer(struct world *w, const char *sql, const char *want)
{
	struct buf b = { 0 };

	world_ask(w, sql, &b);
	assert_text(buf_text(&b), want);
	buf_free(&b);
}
