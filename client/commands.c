#include "client/commands.h"

#include <stddef.h>
#include <string.h>

const struct command *const commands[] = {
	&command_follow, &command_logs, &command_audit, &command_wait,
	&command_inspect, &command_list, &command_write, &command_event,
	&command_run, &command_status, &command_ping, &command_sweep,
	&command_migrate, &command_compact,
	&command_completion, NULL,
};

const struct command *
commands_find(const char *name)
{
	size_t i;

	for (i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return (commands[i]);
	return (NULL);
}
