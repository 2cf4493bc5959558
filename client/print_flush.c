/*
 * Where the output goes: does it take everything, does anybody read it?
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/escape.h"
#include "client/interrupt.h"
#include "client/options.h"
#include "client/print.h"

bool
print_flush(int *code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return (true);
	if (interrupt_signal() != 0)
		*code = EXIT_SIGNAL + interrupt_signal();
	else if (errno == EPIPE)
		*code = *code == -1 ? EXIT_OK : *code;
	else {
		complain("cannot write to stdout: %s", strerror(errno));
		*code = EXIT_FAILURE_OTHER;
	}
	return (false);
}

bool
print_is_unread(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = 0 };

	return (poll(&p, 1, 0) == 1 &&
	    (p.revents & (POLLERR | POLLHUP)) != 0);
}
