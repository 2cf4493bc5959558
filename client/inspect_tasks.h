/*
 * The tables of an inspection: tasks, attempts, values.
 *
 * Layer: client.  Threads: pure functions, but for local time.
 */
#ifndef CLIENT_INSPECT_TASKS_H
#define CLIENT_INSPECT_TASKS_H

struct show;

void	 show_tasks(const struct show *);
void	 show_values(const struct show *);

#endif
