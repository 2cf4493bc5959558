# Turn SQL files into C: awk -v out=h|c -f embed.awk statements.sql NNNN-*.sql
#
# statements.sql gives one constant sql_NAME for each "-- name: NAME"; every
# other file is a migration, in the order given, whose number is the beginning
# of its name; behind a line "-- down" it says how to undo it.

function quote(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	return "\t\"" line "\\n\"\n"
}

function base(path) {
	sub(/^.*\//, "", path)
	sub(/\.sql$/, "", path)
	return path
}

FNR == 1 {
	statements = FILENAME ~ /statements\.sql$/
	name = ""
	if (!statements)
		migration[++migrations] = base(FILENAME)
	down = 0
}

statements && /^-- name: / {
	name = $3
	order[++names] = name
	next
}

!statements && /^-- down$/ { down = 1 }

/^[ \t]*--/ || /^[ \t]*$/ { next }

statements && name != "" { text[name] = text[name] quote($0) }
!statements && !down { body[migrations] = body[migrations] quote($0) }
!statements && down { undo[migrations] = undo[migrations] quote($0) }

END {
	print "/* Made from the .sql files by embed.awk. */"
	if (out == "h") {
		print "#ifndef SQL_TEXT_H\n#define SQL_TEXT_H\n"
		for (i = 1; i <= names; i++)
			print "extern const char sql_" order[i] "[];"
		print "\n#define SQL_MIGRATION_COUNT " migrations
		print "struct sql_migration {"
		print "\tint version;\n\tconst char *name;\n\tconst char *up;"
		print "\tconst char *down;\n};"
		print "extern const struct sql_migration"
		print "    sql_migrations[SQL_MIGRATION_COUNT];\n\n#endif"
		exit
	}
	print "#include \"sql/text.h\"\n"
	for (i = 1; i <= names; i++)
		printf "const char sql_%s[] =\n%s;\n\n", order[i], text[order[i]]
	print "const struct sql_migration sql_migrations[] = {"
	for (i = 1; i <= migrations; i++)
		printf "\t{ %d, \"%s\",\n%s\t,\n%s\t},\n", migration[i] + 0, \
		    migration[i], body[i], undo[i]
	print "};"
}
