#include "client/child.h"

#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "client/options.h"

/* The ends of what is between us: [0] is ours. */
struct ends {
	int	out[2];
	int	err[2];
	int	exec[2];	/* errno of a failed exec; closed by a good one */
};

static void
close_one(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

static void
close_all(struct ends *e)
{
	int i;

	for (i = 0; i < 2; i++) {
		close_one(&e->out[i]);
		close_one(&e->err[i]);
		close_one(&e->exec[i]);
	}
}

/* What the program writes comes through as it is, not with CR before LF. */
static bool
open_pty(int ends[2])
{
	struct winsize size;
	struct termios t;
	char name[64];

	if ((ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1 ||
	    grantpt(ends[0]) == -1 || unlockpt(ends[0]) == -1 ||
	    ptsname_r(ends[0], name, sizeof name) != 0 ||
	    (ends[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1 ||
	    tcgetattr(ends[1], &t) == -1)
		return (false);
	t.c_oflag &= ~(tcflag_t)OPOST;
	t.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(ends[1], TCSANOW, &t) == -1)
		return (false);
	/* As wide as what it would otherwise write to. */
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(ends[1], TIOCSWINSZ, &size);
	return (true);
}

static bool
open_ends(struct ends *e, const struct child_options *o)
{
	if (pipe2(e->exec, O_CLOEXEC) == -1)
		return (false);
	if (o->pty)
		return (open_pty(e->out));
	return ((o->keeps_out || pipe2(e->out, O_CLOEXEC) != -1) &&
	    (o->keeps_err || pipe2(e->err, O_CLOEXEC) != -1));
}

static bool
connect_to(int end, int fd)
{
	return (end == -1 || dup2(end, fd) != -1);
}

static void
become(const struct ends *e, const struct child_options *o)
{
	int error;

	/* Signals that we catch become default by exec; these would stay
	   ignored. */
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	if (o->own_group)
		(void)setpgid(0, 0);
	if (connect_to(e->out[1], STDOUT_FILENO) &&
	    connect_to(o->pty ? e->out[1] : e->err[1], STDERR_FILENO))
		(void)execvp(o->argv[0], o->argv);
	error = errno;
	if (write(e->exec[1], &error, sizeof error) == -1)
		_exit(1);
	_exit(CHILD_NOT_FOUND);
}

/* errno of the exec, 0 if it went well. */
static int
await_exec(const struct ends *e)
{
	int error;
	ssize_t n;

	do
		n = read(e->exec[0], &error, sizeof error);
	while (n == -1 && errno == EINTR);
	return (n == sizeof error ? error : 0);
}

int
child_start(struct child *c, const struct child_options *o, bool *executed)
{
	struct ends e = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int error;

	*c = (struct child){ .pid = -1, .pidfd = -1, .out = -1, .err = -1 };
	*executed = false;
	if (!open_ends(&e, o) || (c->pid = fork()) == -1)
		goto error;
	if (c->pid == 0)
		become(&e, o);
	c->group = o->own_group ? -c->pid : c->pid;
	close_one(&e.exec[1]);
	if ((error = await_exec(&e)) != 0) {
		*executed = true;
		(void)waitpid(c->pid, NULL, 0);
		close_all(&e);
		return (error);
	}
	if ((c->pidfd = pidfd_open(c->pid, 0)) == -1)
		goto error;
	c->out = e.out[0];
	c->err = e.err[0];
	e.out[0] = e.err[0] = -1;
	close_all(&e);
	return (0);

error:
	error = errno;
	if (c->pid > 0) {
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	close_all(&e);
	return (error);
}

void
child_signal(const struct child *c, int sig)
{
	(void)kill(c->group, sig);
}

void
child_reap(struct child *c, struct child_end *end)
{
	struct rusage use = { .ru_maxrss = 0 };
	int status = 0;

	while (wait4(c->pid, &status, 0, &use) == -1 && errno == EINTR)
		;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->code = end->signal != 0 ? EXIT_SIGNAL + end->signal :
	    WEXITSTATUS(status);
	end->max_rss_kb = use.ru_maxrss;
}

void
child_close(struct child *c)
{
	close_one(&c->pidfd);
	close_one(&c->out);
	close_one(&c->err);
}
