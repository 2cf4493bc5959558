#include "client/grep.h"

#include <locale.h>
#include <string.h>

#include "client/escape.h"

bool
grep_open(struct grep *g, const char *expression)
{
	int flags = REG_EXTENDED | REG_NOSUB, error;
	char why[128];

	g->on = expression != NULL;
	if (!g->on)
		return (true);
	/* Without case where it has no capital letter. */
	if (strpbrk(expression, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL)
		flags |= REG_ICASE;
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if ((error = regcomp(&g->regex, expression, flags)) == 0)
		return (true);
	g->on = false;
	(void)regerror(error, &g->regex, why, sizeof why);
	complain("-g: %s", why);
	return (false);
}

void
grep_close(struct grep *g)
{
	if (g->on)
		regfree(&g->regex);
	g->on = false;
}

bool
grep_matches(const struct grep *g, struct span text)
{
	regmatch_t whole = { 0, (regoff_t)text.n };

	return (!g->on || regexec(&g->regex, text.n > 0 ? text.p : "", 1,
	    &whole, REG_STARTEND) == 0);
}
