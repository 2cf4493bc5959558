/*
 * The commands; each in a file of its own, and a table of them.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

#include "client/options.h"

extern const struct command command_write;
extern const struct command command_event;
extern const struct command command_logs;
extern const struct command command_follow;
extern const struct command command_audit;
extern const struct command command_wait;
extern const struct command command_run;
extern const struct command command_status;
extern const struct command command_inspect;
extern const struct command command_list;
extern const struct command command_ping;
extern const struct command command_sweep;
extern const struct command command_migrate;
extern const struct command command_compact;
extern const struct command command_completion;

/* All of them, up to a NULL. */
extern const struct command *const commands[];

/* NULL: there is none of that name. */
const struct command	*commands_find(const char *name);

#endif
