-- What list and inspect begin with: of each execution when it was, how many
-- lines of each level it has had, and what its events say of its state.
-- Written or noted, in execlog_unread, in the transaction of the rows and events
-- that it counts.  Times are ms, and none of them is later than when it was
-- written.

CREATE TABLE execlog_executions (
	id INTEGER PRIMARY KEY,
	execution_id TEXT NOT NULL,
	first_at INTEGER NOT NULL,	-- its oldest row or event
	last_at INTEGER NOT NULL,
	debug INTEGER NOT NULL DEFAULT 0,	-- lines stored, ever
	info INTEGER NOT NULL DEFAULT 0,
	warn INTEGER NOT NULL DEFAULT 0,
	error INTEGER NOT NULL DEFAULT 0,
	state TEXT,			-- NULL: no event says one
	state_by INTEGER NOT NULL DEFAULT 0,	-- id of the event that does
	ended_by INTEGER,		-- id of the terminal event
	started_at INTEGER,
	ended_at INTEGER,
	workflow_id TEXT
);
CREATE UNIQUE INDEX execlog_executions_name
	ON execlog_executions (execution_id);
CREATE INDEX execlog_executions_first ON execlog_executions (first_at);
CREATE INDEX execlog_executions_state
	ON execlog_executions (state, first_at);

-- The tasks that its lines name.  Written some time after those.

CREATE TABLE execlog_tasks (
	execution INTEGER NOT NULL,	-- id in execlog_executions
	task_id TEXT NOT NULL,
	first_at INTEGER NOT NULL,	-- its oldest line
	last_at INTEGER NOT NULL,
	PRIMARY KEY (execution, task_id)
) WITHOUT ROWID;

-- How far the two public tables are known, and of what is before that the
-- ranges of ids, low < id <= high, that are still to be read: for lines and
-- states where others have written them, for tasks everywhere.  Of the kind
-- "counted" are those that a daemon has counted in memory.

CREATE TABLE execlog_known (
	log INTEGER NOT NULL,
	audit INTEGER NOT NULL
);
CREATE TABLE execlog_unread (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,		-- log, audit, tasks
	low INTEGER NOT NULL,
	high INTEGER NOT NULL
);
INSERT INTO execlog_known (log, audit) VALUES (0, 0);

-- down
DROP TABLE execlog_unread;
DROP TABLE execlog_known;
DROP TABLE execlog_tasks;
DROP TABLE execlog_executions;
