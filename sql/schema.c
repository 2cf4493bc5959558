#include "sql/schema.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/db.h"
#include "sql/dbfile.h"
#include "sql/migrate.h"
#include "sql/undo.h"

struct schema {
	struct dbfile	 file;
	sqlite3		*db;
};

static struct schema *
allocate(struct sql_error *error)
{
	struct schema *s = calloc(1, sizeof *s);

	if (s == NULL)
		(void)db_result(NULL, SQLITE_NOMEM, error);
	else
		s->file.lock = -1;
	return (s);
}

struct schema *
schema_claim(const char *path, bool create, const char *note,
    struct sql_error *error)
{
	struct schema *s;
	struct stat st;

	if (!create && stat(path, &st) == -1) {
		error->result = SQL_FAILED;
		(void)snprintf(error->text, sizeof error->text, "%s",
		    strerror(errno));
		return (NULL);
	}
	if ((s = allocate(error)) == NULL)
		return (NULL);
	if (!dbfile_claim(&s->file, path, note, error) ||
	    (s->db = db_open(s->file.path, DB_KEEPER, error)) == NULL) {
		schema_close(s);
		return (NULL);
	}
	return (s);
}

struct schema *
schema_visit(const char *path, char *holder, size_t size,
    struct sql_error *error)
{
	struct schema *s;

	if ((s = allocate(error)) == NULL)
		return (NULL);
	if (!dbfile_look(s->file.path, path, holder, size, error) ||
	    (s->db = db_open(s->file.path, *holder != '\0' ? DB_WITNESS :
	    DB_VISITOR, error)) == NULL) {
		schema_close(s);
		return (NULL);
	}
	return (s);
}

void
schema_close(struct schema *s)
{
	if (s == NULL)
		return;
	db_close(s->db);
	dbfile_release(&s->file);
	free(s);
}

int
schema_newest(void)
{
	return (migrate_newest());
}

enum sql_result
schema_steps(struct schema *s, schema_step_fn *fn, void *arg,
    struct sql_error *error)
{
	return (migrate_list(s->db, fn, arg, error));
}

enum sql_result
schema_is_damaged(struct schema *s, bool *damaged, struct sql_error *error)
{
	return (migrate_is_damaged(s->db, damaged, error));
}

enum sql_result
schema_up(struct schema *s, int to, int64_t now_ms, schema_step_fn *fn,
    void *arg, struct sql_error *error)
{
	return (migrate_up(s->db, to, now_ms, fn, arg, error));
}

enum sql_result
schema_losses(struct schema *s, int to, schema_loss_fn *fn, void *arg,
    struct sql_error *error)
{
	return (undo_losses(s->db, to, fn, arg, error));
}

enum sql_result
schema_down(struct schema *s, int to, schema_step_fn *fn,
    schema_kept_fn *kept, void *arg, struct sql_error *error)
{
	return (undo_down(s->db, to, fn, kept, arg, error));
}
