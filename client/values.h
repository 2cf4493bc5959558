/*
 * What the value of each option means.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_VALUES_H
#define CLIENT_VALUES_H

struct options;

/*
 * One option by its letter in options.c; "arg" is NULL where it has none.  NULL,
 * or what is wrong with it, as it is to stand behind the option and its value.
 */
const char *values_apply(struct options *, int letter, const char *arg);

#endif
