/*
 * execlogd: settings, the process, and then the collector.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/collector.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/settings.h"

/*
 * The directories of a default path are made when they are missing; those of a
 * path that somebody chose are theirs.
 */
static bool
make_directories(const char *file)
{
	mode_t mode = geteuid() == 0 ? 0755 : 0700;
	char dir[PATHS_MAX];
	char *p;

	(void)snprintf(dir, sizeof dir, "%s", file);
	for (p = dir + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(dir, mode) == -1 && errno != EEXIST) {
			log_line(LOG_ERR, "%s: cannot make the directory: %s",
			    dir, strerror(errno));
			return (false);
		}
		*p = '/';
	}
	return (true);
}

static bool
make_defaults(const struct settings *s)
{
	const enum setting paths[] = { SETTING_DB, SETTING_SOCKET };
	size_t i;

	for (i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (s->value[paths[i]].origin == ORIGIN_DEFAULT &&
		    !make_directories(s->value[paths[i]].text))
			return (false);
	return (true);
}

/* A descriptor for every connection, as far as the system lets us. */
static void
raise_descriptors(void)
{
	const rlim_t want = LIMIT_CONNECTIONS + LIMIT_OTHER_FDS;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur >= want)
		return;
	r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

int
main(int argc, char **argv)
{
	static struct settings settings;

	switch (settings_read(&settings, argc, argv)) {
	case SETTINGS_HELPED:
		return (0);
	case SETTINGS_BAD:
		return (EXIT_SETTING);
	case SETTINGS_OK:
		break;
	}
	if (settings.check) {
		settings_print(&settings, stdout);
		return (0);
	}
	log_init();
	(void)signal(SIGPIPE, SIG_IGN);
	/* A file that may not grow is a full disk. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)umask(0007);
	raise_descriptors();
	if (!make_defaults(&settings))
		return (EXIT_UNUSABLE);
	return (collector_run(&settings));
}
