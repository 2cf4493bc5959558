/*
 * The command line: options of all commands in one table, and which command
 * takes which.
 *
 * Layer: client.  Threads: one.
 */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/execlog.h"
#include "proto/filter.h"
#include "proto/paths.h"
#include "proto/span.h"
#include "proto/text.h"

/* Exit codes of the contract. */
#define EXIT_OK			0
#define EXIT_FAILURE_OTHER	1
#define EXIT_USAGE		2
#define EXIT_CANCELLED		3	/* as a result, as is 1 */
#define EXIT_NOT_FOUND		4
#define EXIT_UNREACHABLE	5
#define EXIT_NO_END		6
#define EXIT_TIMEOUT		124
#define EXIT_SIGNAL		128	/* plus the signal */

#define OPTIONS_ALL_EVENTS	1000	/* of @all, without -n */
/* Parts of an inspection that are asked for. */
#define SHOW_TIMELINE	0x01
#define SHOW_INPUTS	0x02
#define SHOW_OUTPUTS	0x04
#define SHOW_ERRORS	0x08
#define SHOW_AUDIT	0x10

#define OPTIONS_SENTENCE	80
#define OPTIONS_MASKS_MAX	64	/* --mask-env and --mask-file */

enum format {
	FORMAT_SHORT,
	FORMAT_VERBOSE,
	FORMAT_CAT,
	FORMAT_JSON,
	FORMAT_NDJSON,
};
#define FORMAT_COUNT	5

/* Formats of what has no message; of a table. */
#define FORMATS_EVENT	(1u << FORMAT_SHORT | 1u << FORMAT_VERBOSE | \
	1u << FORMAT_JSON | 1u << FORMAT_NDJSON)
#define FORMATS_TABLE	(1u << FORMAT_SHORT | 1u << FORMAT_JSON | \
	1u << FORMAT_NDJSON)

/* Texts belong to argv or the environment. */
struct options {
	const struct command	*command;
	const char		*socket;
	struct span		 execution;
	char			**rest;		/* behind the execution */
	int			 nrest;
	struct filter		 filter;	/* -t -l -p -S -U --source
						   --attempt --type */
	int64_t			 lines;		/* -n; -1: all */
	int64_t			 head;		/* --head; 0: all */
	const char		*grep;		/* NULL: none, as the next */
	const char		*after;
	const char		*cursor_file;
	const char		*db;
	bool			 all;		/* @all, for the id */
	bool			 reverse;
	bool			 show_cursor;
	bool			 no_exit;
	bool			 exit_status;
	bool			 follow;
	bool			 wait;
	enum format		 format;
	bool			 json;		/* --json */
	bool			 color;		/* of stdout */
	bool			 safe;		/* escape what is printed */
	bool			 raw;		/* bytes as they are stored */
	bool			 local;
	bool			 check;
	bool			 yes;
	bool			 watch;
	bool			 tries_again;	/* asking.h; no option */
	bool			 prometheus;
	unsigned		 states;	/* --state: a set; 0: any */
	unsigned		 show;		/* inspect: a set of SHOW_ */
	bool			 no_truncate;
	bool			 dry_run;
	int			 timeout;	/* ms; -1: not given */
	int			 drain;		/* ms; -1: not given */
	const char		*producer;	/* NULL: none */
	enum level		 level;		/* write: one */
	struct span		 metadata;	/* p NULL: none */
	bool			 has_attempt;
	uint32_t		 attempt;
	enum execlog_stream	 only;		/* run; NO_STREAM: both */
	bool			 has_stderr_level;
	enum level		 stderr_level;
	bool			 tee;
	bool			 lifecycle;
	bool			 pty;
	struct secret_place {
		const char	*name;
		bool		 is_file;	/* else a variable */
	}			 mask[OPTIONS_MASKS_MAX];
	size_t			 nmasks;
	struct span		 from;
	struct span		 to;
	char			 path[PATHS_MAX];	/* room for the default */
	char			 sentence[OPTIONS_SENTENCE];	/* likewise for
					   what is wrong with a value */
};

struct command {
	const char	*name;
	/* The options it takes, by their letters in options.c. */
	const char	*takes;
	unsigned	 formats;	/* those of -o: 1 << FORMAT_; 0: all */
	bool		 wants_execution;
	bool		 writes;	/* so a shortcut for one is none here */
	bool		 runs;		/* a command of its own follows */
	bool		 offline;	/* asks no daemon: needs no socket */
	int		 max_rest;	/* words behind it; -1: any number */
	const char	*words;		/* what the first of them can be; NULL:
					   anything */
	const char	*help;		/* begins with examples */
	int		(*run)(const struct options *);
};

/*
 * argv[0] is the command's name.  Returns -1, or the exit code when the
 * program is done: help was printed, or a line of complaint.
 */
int	 options_parse(struct options *, const struct command *, int argc,
	    char **argv);

/* An option, for who describes them all. */
struct option_facts {
	const char	*name;		/* without dashes */
	char		 letter;	/* in "takes" */
	bool		 is_short;	/* -letter is the same */
	bool		 has_value;
	bool		 is_path;	/* that is one */
	const char	*words;		/* what it can be; NULL: anything */
	const char	*what;		/* its value is, with "a" before it */
	const char	*example;
};

/* The i-th; false: there are no more. */
bool	 options_describe(size_t i, struct option_facts *);

/* Is the option one of the command's? */
bool	 options_takes(const struct command *, int letter);

/*
 * What the options say about records; "source" is the default of that.  The
 * message is left to the caller.
 */
struct execlog_record	 options_record(const struct options *,
			    const char *source);

/* Do they say one source, task and level, as a record has?  False: the user was
   told which is too many. */
bool	 options_is_single(const struct options *);

/* Complain that there is no daemon, and why; EXIT_UNREACHABLE.  After Ctrl-C
   nothing is said, and it is the code for that. */
int	 options_unreachable(const struct options *, const char *reason);

#endif
