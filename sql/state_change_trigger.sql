-- Audit events of an execution's state, written by SQLite itself in the engine's
-- own transaction: so trail and state cannot drift apart.  docs/engine.md says
-- what they are and what to know before.
--
--	sqlite3 -bail FILE <state_change_trigger.sql
--
-- It can be run again.  To take it away:
--
--	DROP TRIGGER execlog_state_insert;
--	DROP TRIGGER execlog_state_update;
--	DELETE FROM execlog_installed;
--
-- Columns that executions does not have (reason_code, message) are NULL here: the
-- innermost name wins, and there is one of each outside.

SELECT execution_id, state FROM executions LIMIT 0;
SELECT id FROM execution_audit_events LIMIT 0;

BEGIN IMMEDIATE;

DROP TRIGGER IF EXISTS execlog_state_insert;
DROP TRIGGER IF EXISTS execlog_state_update;

CREATE TRIGGER execlog_state_insert
AFTER INSERT ON executions
WHEN new.execution_id IS NOT NULL AND new.state IS NOT NULL
BEGIN
	INSERT INTO execution_audit_events
		(execution_id, event_type, timestamp, metadata)
	SELECT new.execution_id, 'STATE_CHANGE',
		CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER),
		json_patch('{}', json_object('to', CAST(new.state AS TEXT),
			'reason', substr(CAST(r.reason AS TEXT), 1, 1000)))
	FROM (SELECT (SELECT reason_code FROM executions
			WHERE execution_id = new.execution_id) AS reason
		FROM (SELECT NULL AS reason_code)) AS r
	WHERE (SELECT CASE WHEN json_valid(metadata) THEN
			coalesce(json_extract(metadata, '$.to'),
				json_extract(metadata, '$.to_state'))
				IS CAST(new.state AS TEXT) END
		FROM execution_audit_events
		WHERE execution_id = new.execution_id
			AND event_type = 'STATE_CHANGE'
			AND CASE WHEN instr(metadata, 'task_id') = 0 THEN 1
				WHEN json_valid(metadata) THEN
				json_type(metadata, '$.task_id') IS NULL END
		ORDER BY +id DESC LIMIT 1) IS NOT 1;

	INSERT INTO execution_audit_events
		(execution_id, event_type, timestamp, metadata)
	SELECT new.execution_id, 'STARTED',
		CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER), '{}'
	WHERE new.state = 'RUNNING' AND NOT EXISTS
		(SELECT 1 FROM execution_audit_events
		WHERE execution_id = new.execution_id AND event_type = 'STARTED'
			AND id > coalesce((SELECT max(id)
			FROM execution_audit_events
			WHERE execution_id = new.execution_id AND event_type IN
			('COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT')), 0));

	INSERT INTO execution_audit_events
		(execution_id, event_type, timestamp, metadata)
	SELECT new.execution_id,
		CASE new.state WHEN 'SUCCESS' THEN 'COMPLETED'
			WHEN 'CANCELLED' THEN 'CANCELLED'
			ELSE CASE r.reason WHEN 'TIMEOUT' THEN 'TIMEOUT'
			ELSE 'FAILED' END END,
		CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER),
		json_patch('{}', json_object('reason',
			CASE WHEN new.state <> 'SUCCESS' THEN
			substr(CAST(r.reason AS TEXT), 1, 1000) END,
			'error_message', CASE new.state WHEN 'FAILED' THEN
			substr(CAST(r.message AS TEXT), 1, 4000) END,
			'message', CASE new.state WHEN 'CANCELLED' THEN
			substr(CAST(r.message AS TEXT), 1, 4000) END))
	FROM (SELECT (SELECT reason_code FROM executions
			WHERE execution_id = new.execution_id) AS reason,
			(SELECT message FROM executions
			WHERE execution_id = new.execution_id) AS message
		FROM (SELECT NULL AS reason_code, NULL AS message)) AS r
	WHERE new.state IN ('SUCCESS', 'FAILED', 'CANCELLED') AND NOT EXISTS
		(SELECT 1 FROM execution_audit_events
		WHERE execution_id = new.execution_id AND event_type IN
			('COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT')
			AND id > coalesce((SELECT max(id)
			FROM execution_audit_events
			WHERE execution_id = new.execution_id
				AND event_type = 'STARTED'), 0));
END;

CREATE TRIGGER execlog_state_update
AFTER UPDATE OF state ON executions
WHEN old.state IS NOT new.state AND new.execution_id IS NOT NULL
BEGIN
	INSERT INTO execution_audit_events
		(execution_id, event_type, timestamp, metadata)
	SELECT new.execution_id, 'STATE_CHANGE',
		CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER),
		json_patch('{}', json_object('from', CAST(old.state AS TEXT),
			'to', CAST(new.state AS TEXT),
			'reason', substr(CAST(r.reason AS TEXT), 1, 1000)))
	FROM (SELECT (SELECT reason_code FROM executions
			WHERE execution_id = new.execution_id) AS reason
		FROM (SELECT NULL AS reason_code)) AS r
	WHERE (SELECT CASE WHEN json_valid(metadata) THEN
			coalesce(json_extract(metadata, '$.to'),
				json_extract(metadata, '$.to_state'))
				IS CAST(new.state AS TEXT)
			AND coalesce(json_extract(metadata, '$.from'),
				json_extract(metadata, '$.from_state'),
				CAST(old.state AS TEXT))
				IS CAST(old.state AS TEXT) END
		FROM execution_audit_events
		WHERE execution_id = new.execution_id
			AND event_type = 'STATE_CHANGE'
			AND CASE WHEN instr(metadata, 'task_id') = 0 THEN 1
				WHEN json_valid(metadata) THEN
				json_type(metadata, '$.task_id') IS NULL END
		ORDER BY +id DESC LIMIT 1) IS NOT 1;

	INSERT INTO execution_audit_events
		(execution_id, event_type, timestamp, metadata)
	SELECT new.execution_id, 'STARTED',
		CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER), '{}'
	WHERE new.state = 'RUNNING' AND NOT EXISTS
		(SELECT 1 FROM execution_audit_events
		WHERE execution_id = new.execution_id AND event_type = 'STARTED'
			AND id > coalesce((SELECT max(id)
			FROM execution_audit_events
			WHERE execution_id = new.execution_id AND event_type IN
			('COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT')), 0));

	INSERT INTO execution_audit_events
		(execution_id, event_type, timestamp, metadata)
	SELECT new.execution_id,
		CASE new.state WHEN 'SUCCESS' THEN 'COMPLETED'
			WHEN 'CANCELLED' THEN 'CANCELLED'
			ELSE CASE r.reason WHEN 'TIMEOUT' THEN 'TIMEOUT'
			ELSE 'FAILED' END END,
		CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER),
		json_patch('{}', json_object('reason',
			CASE WHEN new.state <> 'SUCCESS' THEN
			substr(CAST(r.reason AS TEXT), 1, 1000) END,
			'error_message', CASE new.state WHEN 'FAILED' THEN
			substr(CAST(r.message AS TEXT), 1, 4000) END,
			'message', CASE new.state WHEN 'CANCELLED' THEN
			substr(CAST(r.message AS TEXT), 1, 4000) END))
	FROM (SELECT (SELECT reason_code FROM executions
			WHERE execution_id = new.execution_id) AS reason,
			(SELECT message FROM executions
			WHERE execution_id = new.execution_id) AS message
		FROM (SELECT NULL AS reason_code, NULL AS message)) AS r
	WHERE new.state IN ('SUCCESS', 'FAILED', 'CANCELLED') AND NOT EXISTS
		(SELECT 1 FROM execution_audit_events
		WHERE execution_id = new.execution_id AND event_type IN
			('COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT')
			AND id > coalesce((SELECT max(id)
			FROM execution_audit_events
			WHERE execution_id = new.execution_id
				AND event_type = 'STARTED'), 0));
END;

-- If they are gone later, the daemon's status says so.

INSERT OR REPLACE INTO execlog_installed (name, since_id)
SELECT name, (SELECT coalesce(max(id), 0) FROM execution_audit_events)
FROM sqlite_schema WHERE type = 'trigger'
	AND name IN ('execlog_state_insert', 'execlog_state_update');

COMMIT;
