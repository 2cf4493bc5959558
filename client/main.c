/*
 * execlog: find the command, read its options, run it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/interrupt.h"
#include "client/print.h"
#include "client/shortcut.h"
#include "proto/version.h"

static const char help[] =
    "Examples:\n"
    "  execlog follow e1 --wait          lines of e1 as they come, to its end\n"
    "  execlog logs e1 -l WARN,ERROR     what is stored\n"
    "  execlog audit e1                  what happened to it\n"
    "  execlog inspect @last-failed      how it went, task by task\n"
    "  execlog list                      the newest executions\n"
    "  execlog wait e1                   until it has ended: 0, 1 or 3\n"
    "  execlog run e1 -t build -- make   run a command, keep what it says\n"
    "  execlog write e1 \"it works\"       one line; without text: stdin\n"
    "  execlog event e1 COMPLETED        an audit event\n"
    "  execlog status                    is the daemon well?\n"
    "  execlog ping                      the same in short: 0 or 5\n"
    "  execlog sweep --dry-run           what retention would remove\n"
    "  execlog migrate status --db F     the schema of a file\n"
    "  execlog compact --db F            give free pages of a file back\n"
    "  execlog completion bash           completion for your shell\n"
    "\n"
    "Usage: execlog COMMAND [OPTION]... [ARGUMENT]...\n"
    "       execlog COMMAND -h             more about a command\n"
    "\n"
    "All commands take --socket PATH (or EXECLOG_SOCKET).\n"
    "\n"
    "Exit: 0 fine, 1 another failure, 2 bad usage, 3 cancelled (wait,\n"
    "--exit-status), 4 execution not found, 5 daemon not reachable, 6 a follow\n"
    "without an exact end, 124 timed out, 130 Ctrl-C; run: its command's own.\n";

static int
flush(int code)
{
	(void)print_flush(&code);
	return (code);
}

static int
no_command(const char *word)
{
	complain("there is no command %s; see execlog -h", word);
	return (EXIT_USAGE);
}

/* help, help COMMAND, -h; without a word at all it is bad usage. */
static int
print_help(int argc, char **argv)
{
	const struct command *command = argc > 2 ? commands_find(argv[2]) : NULL;

	if (argc > 2 && command == NULL)
		return (no_command(argv[2]));
	(void)fputs(command != NULL ? command->help : help,
	    argc > 1 ? stdout : stderr);
	return (argc > 1 ? flush(EXIT_OK) : EXIT_USAGE);
}

/* The one option that may also stand before the command: so many words. */
static int
take_socket(int argc, char **argv)
{
	static const char option[] = "--socket";
	size_t n = sizeof option - 1;

	if (argc < 2 || strncmp(argv[1], option, n) != 0)
		return (0);
	if (argv[1][n] == '=') {
		(void)setenv("EXECLOG_SOCKET", argv[1] + n + 1, 1);
		return (1);
	}
	if (argv[1][n] != '\0' || argc < 3)
		return (0);
	(void)setenv("EXECLOG_SOCKET", argv[2], 1);
	return (2);
}

/*
 * Whoever starts us without 0, 1 or 2 gets what fails in the same way: else the
 * next file that is opened would be taken for it.
 */
static void
fill_descriptors(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR)) != -1 && fd <= STDERR_FILENO)
		;
	if (fd != -1)
		(void)close(fd);
}

int
main(int argc, char **argv)
{
	struct options options;
	const struct command *command;
	const char *word;
	int code, taken;

	fill_descriptors();
	interrupt_init();
	taken = take_socket(argc, argv);
	argc -= taken;
	argv += taken;
	word = argc > 1 ? argv[1] : "-h";
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 ||
	    strcmp(word, "help") == 0)
		return (print_help(argc, argv));
	if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
		(void)puts("execlog " EXECLOG_VERSION);
		return (flush(EXIT_OK));
	}
	if ((command = commands_find(word)) == NULL)
		return (no_command(word));
	code = options_parse(&options, command, argc - 1, argv + 1);
	if (code != -1)
		return (flush(code));
	if (command->writes && shortcut_is(options.execution)) {
		complain("%s stands for an execution where one is read; %s "
		    "wants its id", options.execution.p, command->name);
		return (EXIT_USAGE);
	}
	return (command->run(&options));
}
