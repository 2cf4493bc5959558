-- The two public tables and three indexes, exactly as the contract has them.
-- IF NOT EXISTS adopts what the engine may have made first; adopt.c checks
-- that it is what it should be.

CREATE TABLE IF NOT EXISTS execution_logs (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	execution_id TEXT NOT NULL,
	task_id TEXT,
	timestamp INTEGER NOT NULL,
	level TEXT NOT NULL,
	source TEXT NOT NULL,
	message TEXT NOT NULL,
	metadata TEXT
);
CREATE INDEX IF NOT EXISTS idx_logs_execution
	ON execution_logs (execution_id, timestamp);
CREATE INDEX IF NOT EXISTS idx_logs_task
	ON execution_logs (task_id, timestamp);

CREATE TABLE IF NOT EXISTS execution_audit_events (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	execution_id TEXT NOT NULL,
	event_type TEXT NOT NULL,
	timestamp INTEGER NOT NULL,
	metadata TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_audit_execution
	ON execution_audit_events (execution_id, timestamp);

-- down
-- What was adopted stays (sql/undo.h).

DROP INDEX IF EXISTS idx_audit_execution;
DROP TABLE IF EXISTS execution_audit_events;
DROP INDEX IF EXISTS idx_logs_task;
DROP INDEX IF EXISTS idx_logs_execution;
DROP TABLE IF EXISTS execution_logs;
