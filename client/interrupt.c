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
static int ends[2] = { -1, -1 };

static void
on_signal(int sig)
{
	int saved = errno;

	caught = sig;
	if (write(ends[1], "", 1) == -1)
		errno = saved;
	errno = saved;
}

void
interrupt_init(void)
{
	struct sigaction act = { .sa_handler = on_signal }, was;
	const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	size_t i;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1) {
		perror("execlog: pipe");
		exit(1);
	}
	/* Without SA_RESTART: a write to a stuck pipe is to end. */
	(void)sigemptyset(&act.sa_mask);
	for (i = 0; i < sizeof signals / sizeof signals[0]; i++)
		/* What nohup ignores stays ignored. */
		if (sigaction(signals[i], NULL, &was) == 0 &&
		    was.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &act, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
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

void
interrupt_clear(void)
{
	char c[16];

	caught = 0;
	while (read(ends[0], c, sizeof c) > 0)
		;
}
