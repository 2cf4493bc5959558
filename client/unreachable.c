#include "client/unreachable.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define OWNER_TEXT	64	/* bytes of a name, the end of a longer one is
				   not shown */

#define SOCKET_BYTES	sizeof(((struct sockaddr_un *)NULL)->sun_path)

/* Who may connect, where we may not. */
static void
put_owners(const struct stat *st, char *text, size_t size)
{
	const struct passwd *user = getpwuid(st->st_uid);
	const struct group *group = getgrgid(st->st_gid);
	char owner[OWNER_TEXT], members[OWNER_TEXT];

	(void)snprintf(owner, sizeof owner, "%u", st->st_uid);
	(void)snprintf(members, sizeof members, "%u", st->st_gid);
	if (user != NULL)
		(void)snprintf(owner, sizeof owner, "%s", user->pw_name);
	if (group != NULL)
		(void)snprintf(members, sizeof members, "%s", group->gr_name);
	(void)snprintf(text, size, "you may not: it belongs to user %s and "
	    "group %s, with mode %04o", owner, members,
	    (unsigned)st->st_mode & 07777);
}

/* What is there instead of one who listens. */
static void
put_obstacle(const char *socket, const char *reason,
    enum unreachable_wish wish, char *text, size_t size)
{
	struct stat st;
	bool is_there = stat(socket, &st) == 0;

	if (!is_there && errno == EACCES)
		(void)snprintf(text, size, "you may not enter one of its "
		    "directories");
	else if (strlen(socket) >= SOCKET_BYTES)
		(void)snprintf(text, size, "%s", reason);
	else if (is_there && !S_ISSOCK(st.st_mode))
		(void)snprintf(text, size, "it is no socket but a %s",
		    S_ISDIR(st.st_mode) ? "directory" : "file");
	else if (is_there && strcmp(reason, strerror(EACCES)) == 0)
		put_owners(&st, text, size);
	else
		(void)snprintf(text, size, "%s; start it with: execlogd "
		    "--socket %s --db PATH%s", reason, socket,
		    wish == UNREACHABLE_READ ? "; or read a file that none has: --db FILE" : "");
}

void
unreachable_explain(const char *socket, const char *given,
    enum unreachable_wish wish, char text[UNREACHABLE_TEXT])
{
	char reason[LINK_REASON], obstacle[UNREACHABLE_TEXT / 2];
	char ignored[LINK_REASON];

	(void)snprintf(reason, sizeof reason, "%s", given);
	/* Who does not answer, but has been there, is not asked once more. */
	if (strncmp(reason, LINK_NO_ANSWER, strlen(LINK_NO_ANSWER)) == 0 ||
	    link_probe(socket, ignored)) {
		(void)snprintf(text, UNREACHABLE_TEXT, wish ==
		    UNREACHABLE_WRITE ? "execlogd at %s cannot take it: %s; "
		    "see execlog status" : "execlogd at %s: %s; see journalctl "
		    "-u execlogd", socket, reason);
		return;
	}
	put_obstacle(socket, reason, wish, obstacle, sizeof obstacle);
	(void)snprintf(text, UNREACHABLE_TEXT, "cannot reach execlogd at %s: "
	    "%s", socket, obstacle);
}
