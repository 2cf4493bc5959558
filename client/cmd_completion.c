/*
 * completion: what a shell needs to complete our words, made from the tables
 * that the parser uses.
 */
#include <stdio.h>
#include <string.h>

#include "client/commands.h"
#include "client/escape.h"
#include "client/print.h"

static void
put_commands(void)
{
	size_t i;

	for (i = 0; commands[i] != NULL; i++)
		(void)printf("%s ", commands[i]->name);
}

/* --name, or --name and -n, with what is to stand between. */
static void
put_flag(const struct option_facts *f, const char *between)
{
	(void)printf("--%s", f->name);
	if (f->is_short)
		(void)printf("%s-%c", between, f->letter);
}

/* --------------------------------------------------------------------- bash */

static const char bash_head[] =
    "# execlog's words for bash, made by: execlog completion bash\n"
    "_execlog()\n"
    "{\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal command= n=0 i flags= values= at=0 runs=\n"
    "\tCOMPREPLY=()\n"
    "\t# --name=value comes as three words.\n"
    "\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then\n"
    "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tcase ${COMP_WORDS[i]} in\n"
    "\t\t--) [[ $command == run ]] &&\n"
    "\t\t\tCOMPREPLY=($(compgen -c -- \"$cur\")); return ;;\n";

static const char bash_tail[] =
    "\tif [[ $cur == -* ]]; then\n"
    "\t\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
    "\telif [[ -n $runs && $n -ge 1 ]]; then\n"
    "\t\tCOMPREPLY=($(compgen -c -- \"$cur\"))\n"
    "\telif ((n == at)); then\n"
    "\t\tCOMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
    "\tfi\n"
    "}\n"
    "complete -F _execlog execlog\n";

/* The words in front: which of them is the command, how many follow? */
static void
bash_words(void)
{
	struct option_facts f;
	size_t i;

	(void)fputs("\t\t-h", stdout);
	for (i = 0; options_describe(i, &f); i++)
		if (!f.has_value) {
			(void)putchar('|');
			put_flag(&f, "|");
		}
	(void)fputs(") ;;\n\t\t-*) [[ ${COMP_WORDS[i+1]} == = ]] && "
	    "((i++)); ((i++)) ;;\n"
	    "\t\t*) if [[ -z $command ]]; then command=${COMP_WORDS[i]}\n"
	    "\t\t\telse ((n++)); fi ;;\n"
	    "\t\tesac\n\tdone\n", stdout);
}

/* Behind an option: its value.  Words may come in a list with commas. */
static void
bash_values(void)
{
	struct option_facts f;
	size_t i;

	(void)fputs("\tcase $prev in\n", stdout);
	for (i = 0; options_describe(i, &f); i++) {
		if (!f.has_value)
			continue;
		(void)fputs("\t", stdout);
		put_flag(&f, "|");
		if (f.words != NULL)
			(void)printf(") COMPREPLY=($(compgen -P "
			    "\"${cur%%\"${cur##*,}\"}\" -W '%s' -- "
			    "\"${cur##*,}\"));", f.words);
		else if (f.is_path)
			(void)fputs(") compopt -o filenames 2>/dev/null\n\t\t"
			    "COMPREPLY=($(compgen -f -- \"$cur\"));", stdout);
		else
			(void)fputs(")", stdout);
		(void)fputs(" return ;;\n", stdout);
	}
	(void)fputs("\tesac\n", stdout);
}

static void
bash_command(const struct command *c)
{
	struct option_facts f;
	size_t i;

	(void)printf("\t%s) flags='", c->name);
	for (i = 0; options_describe(i, &f); i++)
		if (options_takes(c, f.letter)) {
			put_flag(&f, " ");
			(void)putchar(' ');
		}
	(void)printf("' values='%s' at=%d runs=%s ;;\n", c->words != NULL ?
	    c->words : "", c->wants_execution, c->runs ? "yes" : "");
}

static void
print_bash(void)
{
	size_t i;

	(void)fputs(bash_head, stdout);
	bash_words();
	bash_values();
	(void)fputs("\tcase $command in\n\t''|help) values='help ", stdout);
	put_commands();
	(void)fputs("' flags='--help --version --socket' ;;\n", stdout);
	for (i = 0; commands[i] != NULL; i++)
		bash_command(commands[i]);
	(void)fputs("\tesac\n", stdout);
	(void)fputs(bash_tail, stdout);
}

/* ---------------------------------------------------------------------- zsh */

static void
zsh_option(const struct option_facts *f)
{
	(void)printf(" \\\n\t\t\t'*--%s%s", f->name, f->has_value ? "=" : "");
	if (f->has_value)
		(void)printf(":%s:%s%s%s", f->name, f->is_path ? "_files" :
		    f->words != NULL ? "(" : " ", f->words != NULL ? f->words :
		    "", f->words != NULL ? ")" : "");
	(void)putchar('\'');
	if (!f->is_short)
		return;
	(void)printf(" '*-%c", f->letter);
	if (f->has_value)
		(void)printf("+:%s:%s%s%s", f->name, f->words != NULL ? "(" :
		    " ", f->words != NULL ? f->words : "", f->words != NULL ?
		    ")" : "");
	(void)putchar('\'');
}

static void
zsh_command(const struct command *c)
{
	struct option_facts f;
	size_t i;

	(void)printf("\t%s)\n\t\t_arguments -s", c->name);
	for (i = 0; options_describe(i, &f); i++)
		if (options_takes(c, f.letter))
			zsh_option(&f);
	if (c->wants_execution)
		(void)fputs(" \\\n\t\t\t'1:execution: '", stdout);
	if (c->words != NULL)
		(void)printf(" \\\n\t\t\t'%d:word:(%s)'",
		    c->wants_execution + 1, c->words);
	if (c->runs)
		(void)fputs(" \\\n\t\t\t'*::command:_normal'", stdout);
	(void)fputs(" ;;\n", stdout);
}

static void
print_zsh(void)
{
	size_t i;

	(void)fputs("#compdef execlog\n"
	    "# execlog's words for zsh, made by: execlog completion zsh\n"
	    "_execlog()\n{\n\tlocal word\n"
	    "\tif ((CURRENT == 2)); then\n\t\tcompadd -- help ", stdout);
	put_commands();
	(void)fputs("\n\t\treturn\n\tfi\n"
	    "\tword=$words[2]\n\tshift words\n\t((CURRENT--))\n"
	    "\tcase $word in\n", stdout);
	for (i = 0; commands[i] != NULL; i++)
		zsh_command(commands[i]);
	(void)fputs("\tesac\n}\n"
	    "if [[ $funcstack[1] == _execlog ]]; then\n\t_execlog \"$@\"\n"
	    "else\n\tcompdef _execlog execlog\nfi\n", stdout);
}

/* --------------------------------------------------------------------- fish */

static void
fish_option(const struct option_facts *f)
{
	size_t i;

	(void)fputs("complete -c execlog -n '__fish_seen_subcommand_from",
	    stdout);
	for (i = 0; commands[i] != NULL; i++)
		if (options_takes(commands[i], f->letter))
			(void)printf(" %s", commands[i]->name);
	(void)printf("' -l %s", f->name);
	if (f->is_short)
		(void)printf(" -s %c", f->letter);
	if (f->words != NULL)
		(void)printf(" -x -a '%s'", f->words);
	else if (f->has_value)
		(void)fputs(f->is_path ? " -r -F" : " -x", stdout);
	(void)putchar('\n');
}

static void
print_fish(void)
{
	struct option_facts f;
	size_t i;

	(void)fputs("# execlog's words for fish, made by: execlog completion "
	    "fish\ncomplete -c execlog -f\n"
	    "complete -c execlog -n __fish_use_subcommand -a 'help ", stdout);
	put_commands();
	(void)fputs("'\n", stdout);
	for (i = 0; commands[i] != NULL; i++)
		if (commands[i]->words != NULL)
			(void)printf("complete -c execlog -n "
			    "'__fish_seen_subcommand_from %s' -a '%s'\n",
			    commands[i]->name, commands[i]->words);
	for (i = 0; options_describe(i, &f); i++)
		fish_option(&f);
}

static int
run_completion(const struct options *o)
{
	const char *shell = o->nrest > 0 ? o->rest[0] : "";
	int code = EXIT_OK;

	if (strcmp(shell, "bash") == 0)
		print_bash();
	else if (strcmp(shell, "zsh") == 0)
		print_zsh();
	else if (strcmp(shell, "fish") == 0)
		print_fish();
	else {
		complain("completion wants one of: bash, zsh, fish");
		return (EXIT_USAGE);
	}
	(void)print_flush(&code);
	return (code);
}

const struct command command_completion = {
	.name = "completion",
	.takes = "",
	.max_rest = 1,
	.words = "bash zsh fish",
	.offline = true,
	.run = run_completion,
	.help =
    "Examples:\n"
    "  source <(execlog completion bash)          in ~/.bashrc\n"
    "  source <(execlog completion zsh)           in ~/.zshrc, behind compinit\n"
    "  execlog completion fish | source           in config.fish\n"
    "\n"
    "Usage: execlog completion bash|zsh|fish\n"
    "\n"
    "Prints what the shell needs to complete commands, options and their\n"
    "values.  It asks nobody: no daemon, no file.\n",
};
