#include "client/child.h"

#include <sys/pidfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/options.h"

struct pipes {
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
close_all(struct pipes *p)
{
	int i;

	for (i = 0; i < 2; i++) {
		close_one(&p->out[i]);
		close_one(&p->err[i]);
		close_one(&p->exec[i]);
	}
}

static void
become(const struct pipes *p, char **argv)
{
	int error;

	/* Signals that we catch become default by exec; this one would stay
	   ignored. */
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(p->out[1], STDOUT_FILENO) != -1 &&
	    dup2(p->err[1], STDERR_FILENO) != -1)
		(void)execvp(argv[0], argv);
	error = errno;
	if (write(p->exec[1], &error, sizeof error) == -1)
		_exit(1);
	_exit(CHILD_NOT_FOUND);
}

/* errno of the exec, 0 if it went well. */
static int
await_exec(const struct pipes *p)
{
	int error;
	ssize_t n;

	do
		n = read(p->exec[0], &error, sizeof error);
	while (n == -1 && errno == EINTR);
	return (n == sizeof error ? error : 0);
}

int
child_start(struct child *c, char **argv, bool *executed)
{
	struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int error;

	*c = (struct child){ .pid = -1, .pidfd = -1, .out = -1, .err = -1 };
	*executed = false;
	if (pipe2(p.out, O_CLOEXEC) == -1 || pipe2(p.err, O_CLOEXEC) == -1 ||
	    pipe2(p.exec, O_CLOEXEC) == -1 || (c->pid = fork()) == -1)
		goto error;
	if (c->pid == 0)
		become(&p, argv);
	close_one(&p.exec[1]);
	if ((error = await_exec(&p)) != 0) {
		*executed = true;
		(void)waitpid(c->pid, NULL, 0);
		close_all(&p);
		return (error);
	}
	if ((c->pidfd = pidfd_open(c->pid, 0)) == -1)
		goto error;
	c->out = p.out[0];
	c->err = p.err[0];
	p.out[0] = p.err[0] = -1;
	close_all(&p);
	return (0);

error:
	error = errno;
	if (c->pid > 0) {
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	close_all(&p);
	return (error);
}

int
child_reap(struct child *c)
{
	int status = 0;

	while (waitpid(c->pid, &status, 0) == -1 && errno == EINTR)
		;
	return (WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) :
	    WEXITSTATUS(status));
}

void
child_close(struct child *c)
{
	close_one(&c->pidfd);
	close_one(&c->out);
	close_one(&c->err);
}
