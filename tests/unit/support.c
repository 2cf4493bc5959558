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
