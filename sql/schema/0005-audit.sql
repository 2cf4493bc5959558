-- The audit trail is append-only for everyone who writes the file.  No CREATE
-- here has a comment inside: daemon and file are compared word for word.

-- Events up to this id may be deleted: retention moves it in the transaction
-- that deletes them.  The row is always there.

CREATE TABLE execlog_audit_watermark (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	through_id INTEGER NOT NULL CHECK (typeof(through_id) = 'integer')
);
INSERT INTO execlog_audit_watermark (one, through_id)
SELECT 1, max(min(coalesce(min(id), 1), 1), -9223372036854775807) - 1
FROM execution_audit_events;

CREATE TRIGGER execlog_audit_no_update
BEFORE UPDATE ON execution_audit_events
BEGIN
	SELECT RAISE(ABORT, 'execution_audit_events is append-only');
END;

CREATE TRIGGER execlog_audit_no_delete
BEFORE DELETE ON execution_audit_events
WHEN old.id > coalesce((SELECT through_id FROM execlog_audit_watermark),
	-9223372036854775808)
BEGIN
	SELECT RAISE(ABORT, 'execution_audit_events is append-only');
END;

-- REPLACE fires no DELETE trigger (unless recursive_triggers is on).  An id that
-- is not given is -1 here.

CREATE TRIGGER execlog_audit_no_replace
BEFORE INSERT ON execution_audit_events
WHEN new.id <> -1 AND EXISTS
	(SELECT 1 FROM execution_audit_events WHERE id = new.id)
BEGIN
	SELECT RAISE(ABORT, 'execution_audit_events is append-only');
END;

-- An id is above all that there have been, also where they are gone, and not so
-- far above that none are left.  sqlite_sequence is as it was before the
-- statement, and anybody can change it: the other two hold without it.

CREATE TRIGGER execlog_audit_rising
AFTER INSERT ON execution_audit_events
WHEN new.id < (SELECT max(id) FROM execution_audit_events)
	OR new.id - max(
	coalesce((SELECT through_id FROM execlog_audit_watermark), 0),
	coalesce((SELECT max(id) FROM execution_audit_events
		WHERE id < new.id), 0),
	coalesce((SELECT seq FROM sqlite_sequence
		WHERE name = 'execution_audit_events'
		AND typeof(seq) = 'integer' ORDER BY rowid LIMIT 1), 0))
	NOT BETWEEN 1 AND 1000000000
BEGIN
	SELECT RAISE(ABORT, 'ids of execution_audit_events are not chosen, and never used again');
END;

-- It is moved up, at most to the newest event, and nothing else.

CREATE TRIGGER execlog_watermark_no_insert
BEFORE INSERT ON execlog_audit_watermark
BEGIN
	SELECT RAISE(ABORT, 'execlog_audit_watermark has one row');
END;

CREATE TRIGGER execlog_watermark_no_delete
BEFORE DELETE ON execlog_audit_watermark
BEGIN
	SELECT RAISE(ABORT, 'execlog_audit_watermark has one row');
END;

CREATE TRIGGER execlog_watermark_rising
BEFORE UPDATE ON execlog_audit_watermark
WHEN new.one IS NOT old.one OR typeof(new.through_id) <> 'integer'
	OR new.through_id < old.through_id
	OR (new.through_id > old.through_id AND new.through_id >
	coalesce((SELECT max(id) FROM execution_audit_events), old.through_id))
BEGIN
	SELECT RAISE(ABORT, 'execlog_audit_watermark moves up to the newest event');
END;

-- When the daemon received an event, and who the kernel says has sent it.  Rows
-- of other programs have none.  metadata: of an event that told what another
-- program had written already (state_change_trigger.sql), and is not there twice.

CREATE TABLE execlog_audit_origin (
	audit_id INTEGER PRIMARY KEY,
	received_at INTEGER NOT NULL,
	uid INTEGER,
	gid INTEGER,
	pid INTEGER,
	metadata TEXT
);

CREATE TRIGGER execlog_origin_no_update
BEFORE UPDATE ON execlog_audit_origin
BEGIN
	SELECT RAISE(ABORT, 'execlog_audit_origin is append-only');
END;

CREATE TRIGGER execlog_origin_no_delete
BEFORE DELETE ON execlog_audit_origin
WHEN old.audit_id > coalesce((SELECT through_id FROM execlog_audit_watermark),
	-9223372036854775808)
BEGIN
	SELECT RAISE(ABORT, 'execlog_audit_origin is append-only');
END;

CREATE TRIGGER execlog_origin_no_replace
BEFORE INSERT ON execlog_audit_origin
WHEN EXISTS (SELECT 1 FROM execlog_audit_origin WHERE audit_id = new.audit_id)
BEGIN
	SELECT RAISE(ABORT, 'execlog_audit_origin is append-only');
END;

-- One for an id to come would stop the event that gets it.

CREATE TRIGGER execlog_origin_of_event
BEFORE INSERT ON execlog_audit_origin
WHEN NOT EXISTS (SELECT 1 FROM execution_audit_events WHERE id = new.audit_id)
BEGIN
	SELECT RAISE(ABORT, 'execlog_audit_origin is of events that there are');
END;

-- Optional triggers that somebody has installed, and behind which event: if one
-- is gone, status says so.

CREATE TABLE execlog_installed (
	name TEXT PRIMARY KEY,
	since_id INTEGER NOT NULL
) WITHOUT ROWID;

-- down

DROP TRIGGER IF EXISTS execlog_state_insert;
DROP TRIGGER IF EXISTS execlog_state_update;
DROP TABLE execlog_installed;
DROP TABLE execlog_audit_origin;
DROP TRIGGER execlog_audit_rising;
DROP TRIGGER execlog_audit_no_replace;
DROP TRIGGER execlog_audit_no_delete;
DROP TRIGGER execlog_audit_no_update;
DROP TABLE execlog_audit_watermark;
