#include "client/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/escape.h"
#include "client/execlog.h"
#include "client/options.h"
#include "proto/mask.h"

#define FILE_MAX	(256 * 1024)	/* bytes of a file of values */

/* Where values come from: a variable, or a file. */
struct place {
	struct execlog	*log;
	const char	*execution;
	const char	*sign;		/* "$" before a variable */
	const char	*name;
	bool		 ok;
};

/* Line 0: all of it. */
static void
warn_of(const struct place *p, unsigned long line, const char *why)
{
	if (line == 0)
		complain("warning: the value of %s%s is not masked: %s",
		    p->sign, p->name, why);
	else
		complain("warning: line %lu of %s%s is not masked: %s", line,
		    p->sign, p->name, why);
}

static void
add(struct place *p, struct span value, unsigned long line)
{
	if (value.n < MASK_VALUE_MIN)
		warn_of(p, line, "it has under 6 characters");
	else if (value.n > MASK_VALUE_MAX)
		warn_of(p, line, "it is over 8 KiB");
	else if (!text_is_clean(value))
		warn_of(p, line, "it is not UTF-8");
	else if (execlog_mask(p->log, p->execution, value.p, value.n) !=
	    EXECLOG_OK) {
		complain("%s%s has too many values to be masked", p->sign,
		    p->name);
		p->ok = false;
	}
}

static struct span
chomp(struct span s)
{
	while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	return (s);
}

/* Each line that is not empty. */
static void
add_lines(struct place *p, struct span text)
{
	unsigned long line = 1;
	size_t n;

	for (; text.n > 0 && p->ok; line++) {
		for (n = 0; n < text.n && text.p[n] != '\n'; n++)
			;
		if (chomp((struct span){ text.p, n }).n > 0)
			add(p, chomp((struct span){ text.p, n }), line);
		n += n < text.n;
		text.p += n;
		text.n -= n;
	}
}

static bool
has_lines(struct span text)
{
	return (text.n > 0 && memchr(text.p, '\n', text.n) != NULL);
}

/* One value; where it is too long, at least each of its lines. */
static void
add_variable(struct place *p)
{
	const char *value = getenv(p->name);
	struct span text;

	if (value == NULL) {
		complain("--mask-env %s: there is no such variable; set it (empty: "
		    "nothing is masked), or leave the option out", p->name);
		p->ok = false;
		return;
	}
	if (*value == '\0') {
		complain("warning: %s%s is empty: nothing is masked for it",
		    p->sign, p->name);
		return;
	}
	text = chomp(span_of(value));
	if (text.n > MASK_VALUE_MAX && has_lines(text))
		add_lines(p, text);
	else
		add(p, text, 0);
}

/* Each line is a value, and so are all together: a key in PEM, say. */
static void
add_file(struct place *p)
{
	FILE *f = fopen(p->name, "re");
	char *bytes = calloc(1, FILE_MAX);
	struct span text = { bytes, 0 };

	p->ok = false;
	if (f == NULL || bytes == NULL)
		complain("cannot read %s: %s", p->name, strerror(errno));
	else {
		(void)setvbuf(f, NULL, _IONBF, 0);
		text.n = fread(bytes, 1, FILE_MAX, f);
		p->ok = ferror(f) == 0 && text.n < FILE_MAX;
		if (ferror(f) != 0)
			complain("cannot read %s", p->name);
		else if (!p->ok)
			complain("%s is over 256 KiB", p->name);
	}
	if (p->ok)
		add_lines(p, text);
	text = chomp(text);
	if (p->ok && has_lines(text) && text.n <= MASK_VALUE_MAX &&
	    text_is_clean(text))
		add(p, text, 0);
	if (bytes != NULL)
		explicit_bzero(bytes, FILE_MAX);
	free(bytes);
	if (f != NULL)
		(void)fclose(f);
}

bool
secret_register(const struct options *o, struct execlog *log)
{
	struct place p = { .log = log, .execution = o->execution.p,
	    .ok = true };
	size_t i;

	for (i = 0; i < o->nmasks && p.ok; i++) {
		p.sign = o->mask[i].is_file ? "" : "$";
		p.name = o->mask[i].name;
		if (o->mask[i].is_file)
			add_file(&p);
		else
			add_variable(&p);
	}
	return (p.ok);
}
