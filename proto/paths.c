#include "proto/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *
env(const char *name)
{
	const char *v = getenv(name);

	return (v != NULL && v[0] == '/' ? v : NULL);
}

static bool
fits(int n, size_t size)
{
	return (n > 0 && (size_t)n < size);
}

bool
paths_socket(char *out, size_t size)
{
	const char *dir;

	if (geteuid() == 0)
		return (fits(snprintf(out, size, "/run/execlog/execlog.sock"),
		    size));
	if ((dir = env("XDG_RUNTIME_DIR")) != NULL)
		return (fits(snprintf(out, size, "%s/execlog/execlog.sock",
		    dir), size));
	return (fits(snprintf(out, size, "/run/user/%u/execlog/execlog.sock",
	    (unsigned)geteuid()), size));
}

bool
paths_database(char *out, size_t size)
{
	const char *dir;

	if (geteuid() == 0)
		return (fits(snprintf(out, size, "/var/lib/execlog/execlog.db"),
		    size));
	if ((dir = env("XDG_STATE_HOME")) != NULL)
		return (fits(snprintf(out, size, "%s/execlog/execlog.db", dir),
		    size));
	if ((dir = env("HOME")) != NULL)
		return (fits(snprintf(out, size,
		    "%s/.local/state/execlog/execlog.db", dir), size));
	return (false);
}
