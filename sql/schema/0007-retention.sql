-- What retention needs to know, so that it never looks at what it keeps.

-- A sparse map of execution_logs: of each 4096 ids, how many rows there are and
-- of what time.  A range that is missing, or not whole, is to be looked at; the
-- rows of executions in execlog_spared may not be in "oldest".

CREATE TABLE execlog_ranges (
	range INTEGER PRIMARY KEY,	-- id >> 12
	rows INTEGER NOT NULL,
	bytes INTEGER NOT NULL,		-- of them and their indexes, about
	oldest INTEGER NOT NULL,	-- ms
	newest INTEGER NOT NULL,
	last_id INTEGER NOT NULL,	-- the newest one that is counted
	whole INTEGER NOT NULL		-- 0: others have written there, too
);

-- Executions whose rows were old enough, and were kept.

CREATE TABLE execlog_spared (
	id INTEGER PRIMARY KEY,
	execution_id TEXT NOT NULL,
	reason TEXT NOT NULL,		-- running, failed
	noted_at INTEGER NOT NULL	-- ms
);
CREATE UNIQUE INDEX execlog_spared_execution
	ON execlog_spared (execution_id);

-- How many rows of an execution retention has removed, and which.

CREATE TABLE execlog_removed (
	execution_id TEXT PRIMARY KEY,
	rows INTEGER NOT NULL,
	first_id INTEGER NOT NULL,
	last_id INTEGER NOT NULL,
	oldest INTEGER NOT NULL,	-- ms
	newest INTEGER NOT NULL,
	removed_at INTEGER NOT NULL	-- the last of them
) WITHOUT ROWID;
CREATE INDEX execlog_removed_at ON execlog_removed (removed_at);

-- The last sweeps; one without an end goes on from its cursor.

CREATE TABLE execlog_sweeps (
	id INTEGER PRIMARY KEY,
	cause TEXT NOT NULL,		-- start, daily, asked, ceiling
	started_at INTEGER NOT NULL,	-- ms
	ended_at INTEGER,
	cutoff INTEGER NOT NULL,	-- rows older than this, as the next two
	failed_cutoff INTEGER NOT NULL,	-- ... of failed executions
	audit_cutoff INTEGER NOT NULL,	-- ... events
	phase INTEGER NOT NULL,
	cursor INTEGER NOT NULL,
	rows INTEGER NOT NULL,		-- removed
	events INTEGER NOT NULL,
	spared INTEGER NOT NULL,	-- executions, kept this time
	expected INTEGER NOT NULL,	-- rows, when it began
	steps INTEGER NOT NULL
);

-- The two clocks when they were last believed.

CREATE TABLE execlog_clock (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	boot TEXT NOT NULL,		-- which boot the next but one is of
	wall_ms INTEGER NOT NULL,
	boot_ms INTEGER NOT NULL
);

-- down
DROP TABLE execlog_clock;
DROP TABLE execlog_sweeps;
DROP TABLE execlog_removed;
DROP TABLE execlog_spared;
DROP TABLE execlog_ranges;
