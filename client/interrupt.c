#include "client/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static volatile sig_atomic_t terminals;
static int ends[2] = { -1, -1 };

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	terminals = info->si_code == SI_KERNEL;
	caught = sig;
	if (write(ends[1], "", 1) == -1)
		errno = saved;
	errno = saved;
}

void
interrupt_catch(int sig)
{
	/* Without SA_RESTART: a write to a stuck pipe is to end. */
	struct sigaction act = { .sa_sigaction = on_signal,
	    .sa_flags = SA_SIGINFO }, was;

	(void)sigemptyset(&act.sa_mask);
	/* What nohup ignores stays ignored. */
	if (sigaction(sig, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
		(void)sigaction(sig, &act, NULL);
}

void
interrupt_init(void)
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1) {
		perror("execlog: pipe");
		exit(1);
	}
	interrupt_catch(SIGINT);
	interrupt_catch(SIGTERM);
	interrupt_catch(SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

int
interrupt_fd(void)
{
	return (ends[0]);
}

void
interrupt_wait(int ms)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };

	(void)poll(&p, 1, ms);
}

int
interrupt_signal(void)
{
	return (caught);
}

bool
interrupt_is_terminals(void)
{
	return (terminals != 0);
}

void
interrupt_clear(void)
{
	char c[16];

	caught = 0;
	while (read(ends[0], c, sizeof c) > 0)
		;
}
