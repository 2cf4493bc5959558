-- What tasks print, by descriptor: which of it is open, closed, or lost, and
-- how much of it has come.  Written in the transaction of the lines that it
-- counts.

CREATE TABLE execlog_streams (
	id INTEGER PRIMARY KEY,
	execution_id TEXT NOT NULL,
	task_id TEXT,
	attempt INTEGER,
	source TEXT NOT NULL,
	stream TEXT,			-- stdout, stderr; NULL: not told apart
	producer TEXT,			-- who resumes it; NULL: a raw stream
	capture INTEGER NOT NULL,	-- the producer's number for it
	state TEXT NOT NULL,		-- open, closed, lost
	opened_at INTEGER NOT NULL,	-- ms
	ended_at INTEGER,		-- ms; NULL: open
	lines INTEGER NOT NULL,		-- stored
	bytes INTEGER NOT NULL,		-- of them, with line ends
	dropped_lines INTEGER NOT NULL,	-- beyond --stream-max
	dropped_bytes INTEGER NOT NULL,
	cut TEXT			-- why not all was captured
);
CREATE INDEX execlog_streams_attempt
	ON execlog_streams (execution_id, task_id, attempt);
CREATE INDEX execlog_streams_unclosed
	ON execlog_streams (producer, capture) WHERE state <> 'closed';

-- down
DROP TABLE IF EXISTS execlog_streams;
