-- Every statement that the programs run on the data.  Each "-- name:" makes a
-- constant sql_NAME (embed.awk).

-- name: begin_write
BEGIN IMMEDIATE

-- name: begin_read
BEGIN

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- Running any statement on it makes SQLite read the schema again.
-- name: reload_schema
SELECT count(*) FROM sqlite_schema

-- ---------------------------------------------------------------- migrations

-- name: schema_table
CREATE TABLE IF NOT EXISTS execlog_schema (
	version INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	applied_at INTEGER NOT NULL,	-- ms
	made TEXT		-- names; NULL: from before this column
)

-- name: schema_add_made
ALTER TABLE execlog_schema ADD COLUMN made TEXT

-- name: schema_has_made
SELECT count(*) FROM pragma_table_info('execlog_schema') WHERE name = 'made'

-- name: schema_made
SELECT made FROM execlog_schema WHERE version = ?1

-- name: schema_has
SELECT EXISTS (SELECT 1 FROM execlog_schema WHERE version = ?1)

-- name: schema_list
SELECT version, name, applied_at FROM execlog_schema ORDER BY version

-- name: schema_exists
SELECT count(*) FROM sqlite_schema
WHERE type = 'table' AND name = 'execlog_schema'

-- Versions have no holes; without any there is nothing else of ours.
-- name: schema_damaged
SELECT CASE (SELECT count(*) FROM execlog_schema) WHEN 0
	THEN (SELECT count(*) > 1 FROM sqlite_schema
		WHERE type = 'table' AND name GLOB 'execlog_*')
	ELSE (SELECT count(*) <> max(version) FROM execlog_schema) END

-- name: schema_lost
SELECT count(*) FROM sqlite_schema
WHERE type = 'table' AND name GLOB 'execlog_*'

-- What a migration makes comes behind all that is there.
-- name: schema_last
SELECT coalesce(max(rowid), 0) FROM sqlite_schema

-- name: schema_record
INSERT INTO execlog_schema (version, name, applied_at, made)
VALUES (?1, ?2, ?3, (SELECT coalesce(group_concat(name, ' '), '')
	FROM sqlite_schema WHERE rowid > ?4 AND name NOT GLOB 'sqlite_*'))

-- name: schema_forget
DELETE FROM execlog_schema WHERE version = ?1

-- name: schema_drop
DROP TABLE execlog_schema

-- name: object_sql
SELECT sql FROM sqlite_schema WHERE name = ?1

-- name: table_columns
SELECT name, type, "notnull", pk, dflt_value IS NOT NULL
FROM pragma_table_info(?1)

-- Are these the columns of that index, all rows in it, and more than once?
-- name: index_fits
SELECT list."unique" = 0 AND list.partial = 0 AND (SELECT group_concat(
		coalesce(name, '') || iif(coll = 'BINARY' COLLATE NOCASE, '', ' ' || coll)
			|| iif("desc", ' DESC', ''), ', ')
	FROM pragma_index_xinfo(?2) WHERE key = 1) = ?3
FROM pragma_index_list(?1) AS list WHERE name = ?2 COLLATE NOCASE

-- name: table_sql
SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1

-- Changes when anybody has changed the schema.
-- name: schema_cookie
PRAGMA schema_version

-- Triggers that have a name of ours.
-- name: own_triggers
SELECT name, sql FROM sqlite_schema
WHERE type = 'trigger' AND name GLOB 'execlog_*' AND sql IS NOT NULL

-- Optional ones that were installed and are gone.
-- name: installed_missing
SELECT count(*) FROM execlog_installed WHERE name NOT IN
	(SELECT name FROM sqlite_schema WHERE type = 'trigger')

-- ------------------------------------------------------------------- writing

-- name: insert_log
INSERT INTO execution_logs
	(execution_id, task_id, timestamp, level, source, message, metadata)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)

-- name: insert_audit
INSERT INTO execution_audit_events
	(execution_id, event_type, timestamp, metadata)
VALUES (?1, ?2, ?3, ?4)

-- name: insert_origin
INSERT INTO execlog_audit_origin
	(audit_id, received_at, uid, gid, pid, metadata)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)

-- Behind which event state_change_trigger.sql was installed; -1: it is not.
-- name: installed_since
SELECT coalesce(max(since_id), -1) FROM execlog_installed

-- Events of an edge that another program has written and nobody has told of.  The
-- times bound how much is looked at; the + keep walks by id away.

-- name: edge_single
SELECT min(+id) FROM execution_audit_events
WHERE execution_id = ?1 AND timestamp >= ?2 AND +id > ?3
	AND event_type IN (?4, ?5) AND NOT EXISTS
	(SELECT 1 FROM execlog_audit_origin WHERE audit_id = id)

-- name: edge_change
SELECT min(+id) FROM execution_audit_events
WHERE execution_id = ?1 AND timestamp >= ?2 AND +id > ?3
	AND event_type = 'STATE_CHANGE'
	AND CASE WHEN json_valid(metadata) THEN
		json_type(metadata, '$.task_id') IS NULL
		AND coalesce(json_extract(metadata, '$.to'),
			json_extract(metadata, '$.to_state')) = ?5
		AND coalesce(coalesce(json_extract(metadata, '$.from'),
			json_extract(metadata, '$.from_state')) = ?4, 1) END
	AND NOT EXISTS
	(SELECT 1 FROM execlog_audit_origin WHERE audit_id = id)

-- Somebody has taken the sequence away where a sweep had left no row: the next ids
-- would be old ones.
-- name: sequence_behind
SELECT coalesce((SELECT through_id FROM execlog_audit_watermark), 0) >
	max(coalesce((SELECT seq FROM sqlite_sequence
		WHERE name = 'execution_audit_events'
		AND typeof(seq) = 'integer' ORDER BY rowid LIMIT 1), 0),
	coalesce((SELECT max(id) FROM execution_audit_events), 0))

-- name: sequence_raise
UPDATE sqlite_sequence
SET seq = (SELECT through_id FROM execlog_audit_watermark)
WHERE name = 'execution_audit_events'

-- name: sequence_add
INSERT INTO sqlite_sequence (name, seq)
SELECT 'execution_audit_events', through_id FROM execlog_audit_watermark

-- Changes when another connection has committed.
-- name: data_version
PRAGMA data_version

-- Tables that are not ours.
-- name: foreign_tables
SELECT count(*) FROM sqlite_schema WHERE type = 'table'
	AND name NOT IN ('execution_logs', 'execution_audit_events')
	AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'execlog_*'

-- The engine's count of an execution's log rows, where there is one, and whether
-- a row of it is found by a key.

-- name: count_column
SELECT count(*) FROM pragma_table_info('executions')
WHERE name = 'log_entry_count' COLLATE NOCASE

-- name: count_key
SELECT EXISTS (SELECT 1 FROM pragma_table_info('executions')
		WHERE name = 'execution_id' COLLATE NOCASE AND pk = 1 AND
		(SELECT max(pk) FROM pragma_table_info('executions')) = 1)
	OR EXISTS (SELECT 1 FROM pragma_index_list('executions') AS list
		WHERE list."unique" = 1 AND list.partial = 0 AND
		(SELECT lower(group_concat(name))
			FROM pragma_index_info(list.name)) = 'execution_id')

-- name: count_add
UPDATE OR IGNORE executions
SET log_entry_count = coalesce(log_entry_count, 0) + ?2
WHERE execution_id = ?1

-- name: producer_read
SELECT uid, epoch, number, updated_at FROM execlog_producers
WHERE producer = ?1

-- name: producer_write
INSERT INTO execlog_producers (producer, uid, epoch, number, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (producer) DO UPDATE
SET epoch = ?3, number = ?4, updated_at = ?5

-- name: producer_forget
DELETE FROM execlog_producers WHERE producer = ?1

-- name: producer_touch
UPDATE execlog_producers SET updated_at = ?2 WHERE producer = ?1

-- Since when no producer has been heard of, until ?1.
-- name: producers_gap
SELECT coalesce(?1 - max(updated_at), 0) FROM execlog_producers

-- name: producers_move
UPDATE execlog_producers SET updated_at = updated_at + ?1

-- name: producers_forget_idle
DELETE FROM execlog_producers WHERE producer IN
	(SELECT producer FROM execlog_producers WHERE updated_at < ?1 LIMIT ?2)

-- name: incident_write
INSERT INTO execlog_incidents
	(producer, first_number, last_number, noticed_at)
VALUES (?1, ?2, ?3, ?4)

-- One that nobody has confirmed goes on.
-- name: incident_extend
UPDATE execlog_incidents SET last_number = ?3
WHERE producer = ?1 AND last_number = ?2 - 1 AND confirmed_at IS NULL

-- name: incidents_open
SELECT count(*) FROM execlog_incidents WHERE confirmed_at IS NULL

-- name: stream_open
INSERT INTO execlog_streams (execution_id, task_id, attempt, source, stream,
	producer, capture, state, opened_at, ended_at, cut, lines, bytes,
	dropped_lines, dropped_bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0, 0, 0)

-- name: stream_mark
UPDATE execlog_streams SET state = ?2, lines = ?3, bytes = ?4,
	dropped_lines = ?5, dropped_bytes = ?6, ended_at = ?7, cut = ?8,
	producer = iif(?9, NULL, producer)
WHERE id = ?1

-- What all streams of an attempt have come to.
-- name: attempt_use
SELECT coalesce(sum(lines), 0), coalesce(sum(bytes), 0),
	coalesce(sum(dropped_lines), 0), coalesce(sum(dropped_bytes), 0)
FROM execlog_streams
WHERE execution_id = ?1 AND task_id IS ?2 AND attempt IS ?3

-- Those that are open, or can be again.
-- name: streams_unclosed
SELECT id, execution_id, task_id, attempt, source, stream, producer, capture,
	state, lines, bytes, dropped_lines, dropped_bytes
FROM execlog_streams
WHERE state <> 'closed' AND (state = 'open' OR producer IN
	(SELECT producer FROM execlog_producers))
ORDER BY producer, capture, id

-- ----------------------------------------------- summaries of executions
--
-- Lines of an execution, by level.  The first of the two is for one that is
-- known, with nothing older than what is known: an index would be written where
-- its column is named, changed or not.

-- name: summary_lines
UPDATE execlog_executions SET last_at = max(last_at, ?3), debug = debug + ?4,
	info = info + ?5, warn = warn + ?6, error = error + ?7
WHERE execution_id = ?1 AND first_at <= ?2

-- name: summary_first_lines
INSERT INTO execlog_executions
	(execution_id, first_at, last_at, debug, info, warn, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (execution_id) DO UPDATE SET
	first_at = min(first_at, excluded.first_at),
	last_at = max(last_at, excluded.last_at),
	debug = debug + excluded.debug, info = info + excluded.info,
	warn = warn + excluded.warn, error = error + excluded.error

-- Ranges of ids of which the lines are counted in memory.

-- name: counts_adopt
UPDATE execlog_unread SET kind = 'log' WHERE kind = 'counted'

-- name: counts_name_tasks
UPDATE execlog_unread SET kind = 'tasks' WHERE kind = 'counted'

-- name: counts_done
DELETE FROM execlog_unread WHERE kind = 'counted'

-- The same of rows that others have written, by their ids.
-- name: summary_range
INSERT INTO execlog_executions
	(execution_id, first_at, last_at, debug, info, warn, error)
SELECT execution_id, min(min(timestamp), ?3), min(max(timestamp), ?3),
	sum(level = 'DEBUG'), sum(level NOT IN ('DEBUG', 'WARN', 'ERROR')),
	sum(level = 'WARN'), sum(level = 'ERROR')
FROM execution_logs NOT INDEXED
WHERE id > ?1 AND id <= ?2 AND typeof(execution_id) = 'text'
	AND timestamp BETWEEN -9223372036854775808 AND 9223372036854775807
GROUP BY execution_id
ON CONFLICT (execution_id) DO UPDATE SET
	first_at = min(first_at, excluded.first_at),
	last_at = max(last_at, excluded.last_at),
	debug = debug + excluded.debug, info = info + excluded.info,
	warn = warn + excluded.warn, error = error + excluded.error

-- name: summary_tasks
INSERT INTO execlog_tasks (execution, task_id, first_at, last_at)
SELECT e.id, l.task_id, l.first_at, l.last_at
FROM (SELECT execution_id, task_id, min(min(timestamp), ?3) AS first_at,
		min(max(timestamp), ?3) AS last_at
	FROM execution_logs NOT INDEXED
	WHERE id > ?1 AND id <= ?2 AND typeof(task_id) = 'text'
		AND timestamp BETWEEN -9223372036854775808
		AND 9223372036854775807
	GROUP BY execution_id, task_id) AS l
CROSS JOIN execlog_executions AS e ON e.execution_id = l.execution_id
WHERE true
ON CONFLICT (execution, task_id) DO UPDATE SET
	first_at = min(first_at, excluded.first_at),
	last_at = max(last_at, excluded.last_at)

-- An event: ?4 is the state that it says, ?5 its own id if it ends the
-- execution.  The first end by id decides, before it the newest event, in
-- whatever order they are read.
-- name: summary_event
INSERT INTO execlog_executions (execution_id, first_at, last_at, state,
	state_by, ended_by, started_at, ended_at, workflow_id)
VALUES (?1, ?2, ?2, ?4, CASE WHEN ?4 IS NULL THEN 0 ELSE ?3 END, ?5, ?6, ?7,
	?8)
ON CONFLICT (execution_id) DO UPDATE SET
	first_at = min(first_at, excluded.first_at),
	last_at = max(last_at, excluded.last_at),
	state = CASE WHEN excluded.ended_by < coalesce(ended_by,
			9223372036854775807) OR (ended_by IS NULL
			AND excluded.state_by > state_by)
		THEN excluded.state ELSE state END,
	state_by = CASE WHEN excluded.ended_by < coalesce(ended_by,
			9223372036854775807) OR (ended_by IS NULL
			AND excluded.state_by > state_by)
		THEN excluded.state_by ELSE state_by END,
	ended_at = CASE WHEN excluded.ended_by < coalesce(ended_by,
			9223372036854775807)
		THEN excluded.ended_at ELSE ended_at END,
	ended_by = CASE WHEN excluded.ended_by < coalesce(ended_by,
			9223372036854775807)
		THEN excluded.ended_by ELSE ended_by END,
	started_at = coalesce(min(started_at, excluded.started_at),
		started_at, excluded.started_at),
	workflow_id = coalesce(workflow_id, excluded.workflow_id)

-- name: known_read
SELECT log, audit FROM execlog_known

-- name: known_write
UPDATE execlog_known SET log = ?1, audit = ?2

-- name: unread_add
INSERT INTO execlog_unread (kind, low, high) VALUES (?1, ?2, ?3)

-- name: unread_extend
UPDATE execlog_unread SET high = ?3 WHERE id = ?1 AND high = ?2

-- name: unread_shrink
UPDATE execlog_unread SET high = ?2 WHERE id = ?1

-- name: unread_remove
DELETE FROM execlog_unread WHERE id = ?1

-- The table has a handful of rows.  What tasks there are can wait.
-- name: unread_next
SELECT id, kind, low, high FROM execlog_unread
WHERE kind <> 'counted' AND (?1 = 0 OR kind = 'audit')
ORDER BY kind = 'tasks', id DESC LIMIT 1

-- The newest id of a range that is used.

-- name: unread_log
SELECT coalesce(max(id), ?1) FROM execution_logs WHERE id > ?1 AND id <= ?2

-- name: unread_audit
SELECT coalesce(max(id), ?1) FROM execution_audit_events
WHERE id > ?1 AND id <= ?2

-- name: audit_range
SELECT id, timestamp, execution_id, event_type, metadata
FROM execution_audit_events NOT INDEXED
WHERE id > ?1 AND id <= ?2 AND typeof(execution_id) = 'text'
	AND timestamp BETWEEN -9223372036854775808 AND 9223372036854775807
ORDER BY id

-- The newest id there has ever been: also right when somebody has reset or
-- spoiled sqlite_sequence, or when the newest rows are gone.  When both is so
-- ids are used again; then it goes back, and daemon/follow.c notices.
-- name: newest_log
SELECT max(coalesce((SELECT seq FROM sqlite_sequence
		WHERE name = 'execution_logs' AND typeof(seq) = 'integer'), 0),
	coalesce((SELECT max(id) FROM execution_logs), 0))

-- name: newest_audit
SELECT max(coalesce((SELECT seq FROM sqlite_sequence
		WHERE name = 'execution_audit_events' AND typeof(seq) = 'integer'), 0),
	coalesce((SELECT max(id) FROM execution_audit_events), 0))

-- ------------------------------------------------------------------- reading
--
-- A row whose time is text, a blob or out of range is no row of ours or of the
-- contract's: none of these statements shows it.
--
-- Rows of an execution in the order (timestamp, id), by keyset.  Two
-- statements, because (timestamp, id) > (?, ?) would seek by timestamp only.
-- INDEXED BY, because a planner with statistics may prefer another index.

-- name: history_same
SELECT id, timestamp, execution_id, task_id, level, source, message, metadata
FROM execution_logs INDEXED BY idx_logs_execution
WHERE execution_id = ?1 AND timestamp = ?2 AND id > ?3 AND id <= ?4
ORDER BY id

-- name: history_next
SELECT id, timestamp, execution_id, task_id, level, source, message, metadata
FROM execution_logs INDEXED BY idx_logs_execution
WHERE execution_id = ?1 AND timestamp > ?2
	AND timestamp <= 9223372036854775807 AND id <= ?4
ORDER BY timestamp, id

-- The same backwards, from the key down to ?5, the oldest time wanted.

-- name: back_same
SELECT id, timestamp, execution_id, task_id, level, source, message, metadata
FROM execution_logs INDEXED BY idx_logs_execution
WHERE execution_id = ?1 AND timestamp = ?2 AND id < ?3 AND id <= ?4
ORDER BY id DESC

-- name: back_next
SELECT id, timestamp, execution_id, task_id, level, source, message, metadata
FROM execution_logs INDEXED BY idx_logs_execution
WHERE execution_id = ?1 AND timestamp < ?2 AND timestamp >= ?5 AND id <= ?4
ORDER BY timestamp DESC, id DESC

-- Rows by id.  NOT INDEXED, because the index on execution_id would be taken
-- and its rows sorted.

-- name: range
SELECT id, timestamp, execution_id, task_id, level, source, message, metadata
FROM execution_logs NOT INDEXED
WHERE id > ?1 AND id <= ?2 AND execution_id = ?3
	AND timestamp BETWEEN -9223372036854775808 AND 9223372036854775807
ORDER BY id

-- The first id behind one, to step over ids that were never used.
-- name: next_id
SELECT coalesce((SELECT min(id) FROM execution_logs WHERE id > ?1),
	9223372036854775807)

-- From execlog_audit_ends, which has these four only; a copy of an older file may
-- be without, so it is not named.  The + keeps the other index away.
-- name: terminal_event
SELECT event_type
FROM execution_audit_events
WHERE execution_id = ?1 AND id > ?2 AND id <= ?3
	AND event_type IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT')
	AND +timestamp BETWEEN -9223372036854775808 AND 9223372036854775807
ORDER BY id LIMIT 1

-- Its state by an end that retention has removed, where the summary has outlived
-- the event; none if it has begun again: that is one of its first events.
-- name: swept_end
SELECT state FROM execlog_executions
WHERE execution_id = ?1
	AND CASE WHEN ended_by <=
		(SELECT through_id FROM execlog_audit_watermark)
	THEN NOT EXISTS (SELECT 1 FROM (SELECT event_type
		FROM execution_audit_events INDEXED BY idx_audit_execution
		WHERE execution_id = ?1 ORDER BY timestamp LIMIT 100)
		WHERE event_type IN ('CREATED', 'STARTED')) END

-- name: audit_same
SELECT id, timestamp, execution_id, event_type, metadata
FROM execution_audit_events INDEXED BY idx_audit_execution
WHERE execution_id = ?1 AND timestamp = ?2 AND id > ?3 AND id <= ?4
ORDER BY id

-- name: audit_next
SELECT id, timestamp, execution_id, event_type, metadata
FROM execution_audit_events INDEXED BY idx_audit_execution
WHERE execution_id = ?1 AND timestamp > ?2
	AND timestamp <= 9223372036854775807 AND id <= ?4
ORDER BY timestamp, id

-- Backwards, as rows are.

-- name: audit_back_same
SELECT id, timestamp, execution_id, event_type, metadata
FROM execution_audit_events INDEXED BY idx_audit_execution
WHERE execution_id = ?1 AND timestamp = ?2 AND id < ?3 AND id <= ?4
ORDER BY id DESC

-- name: audit_back_next
SELECT id, timestamp, execution_id, event_type, metadata
FROM execution_audit_events INDEXED BY idx_audit_execution
WHERE execution_id = ?1 AND timestamp < ?2 AND timestamp >= ?5 AND id <= ?4
ORDER BY timestamp DESC, id DESC

-- Events of every execution, by id.

-- name: events_next
SELECT id, timestamp, execution_id, event_type, metadata
FROM execution_audit_events NOT INDEXED
WHERE id > ?1 AND id <= ?2
	AND timestamp BETWEEN -9223372036854775808 AND 9223372036854775807
ORDER BY id

-- name: events_back
SELECT id, timestamp, execution_id, event_type, metadata
FROM execution_audit_events NOT INDEXED
WHERE id < ?1 AND id <= ?2
	AND timestamp BETWEEN -9223372036854775808 AND 9223372036854775807
ORDER BY id DESC

-- name: audit_origin
SELECT received_at, uid, gid, pid, metadata FROM execlog_audit_origin
WHERE audit_id = ?1

-- name: execution_known
SELECT EXISTS (SELECT 1 FROM execution_logs WHERE execution_id = ?1)
	OR EXISTS (SELECT 1 FROM execution_audit_events
		WHERE execution_id = ?1)

-- What keeps the output of an execution from being complete; open ones first.
-- One that was closed has not all its lines where it was cut.
-- name: streams_missing
SELECT task_id, attempt, stream, source, state FROM execlog_streams
WHERE execution_id = ?1 AND (state <> 'closed' OR cut IS NOT NULL)
ORDER BY state DESC, id LIMIT ?2

-- The next id of an execution, for prefixes: a seek in each index.  Every blob
-- comes behind every text, so the empty one ends what is text.

-- name: next_in_logs
SELECT min(execution_id) FROM execution_logs
WHERE execution_id >= ?1 AND execution_id < X''

-- name: next_in_audit
SELECT min(execution_id) FROM execution_audit_events
WHERE execution_id >= ?1 AND execution_id < X''

-- name: next_in_engine
SELECT min(execution_id) FROM executions
WHERE execution_id >= ?1 AND execution_id < X''

-- What the engine says of an execution that has no event of its end.
-- name: state_in_engine
SELECT state FROM executions WHERE execution_id = ?1

-- Where the id is no key.
-- name: states_in_engine
SELECT CAST(execution_id AS TEXT), state FROM executions

-- name: execution_audited
SELECT EXISTS (SELECT 1 FROM execution_audit_events WHERE execution_id = ?1)

-- The engine's table; it may not be there.
-- name: execution_in_engine
SELECT EXISTS (SELECT 1 FROM executions WHERE execution_id = ?1)

-- Ids between the oldest and the newest row: the number of rows, as long as
-- none was deleted in between.

-- name: log_rows
SELECT coalesce((SELECT max(id) FROM execution_logs)
	- (SELECT min(id) FROM execution_logs) + 1, 0)

-- name: audit_rows
SELECT coalesce((SELECT max(id) FROM execution_audit_events)
	- (SELECT min(id) FROM execution_audit_events) + 1, 0)

-- name: free_pages
PRAGMA freelist_count

-- name: page_size
PRAGMA page_size

-- Rows to be counted, by id, with all their texts.

-- name: count_log
SELECT id, execution_id, task_id, level, source, message, metadata
FROM execution_logs NOT INDEXED WHERE id > ?1 AND id <= ?2 ORDER BY id

-- name: count_audit
SELECT id, execution_id, event_type, metadata
FROM execution_audit_events NOT INDEXED WHERE id > ?1 AND id <= ?2 ORDER BY id

-- ---------------------------------------------------------------- compacting

-- name: all_pages
PRAGMA page_count

-- name: leave_wal
PRAGMA journal_mode=DELETE

-- name: enter_wal
PRAGMA journal_mode=WAL

-- name: vacuum
VACUUM

-- ------------------------------------------------------- list and inspect
--
-- In statements on the engine's tables a column in {} may be missing: it is
-- NULL then (engine.c).

-- Newest first: any execution, or those of a state by their events.

-- name: list_any
SELECT execution_id, first_at, last_at, debug, info, warn, error, state,
	started_at, ended_at, workflow_id
FROM execlog_executions INDEXED BY execlog_executions_first
WHERE first_at >= ?1 AND first_at <= ?3
ORDER BY first_at DESC, id DESC LIMIT ?2

-- name: list_state
SELECT execution_id, first_at, last_at, debug, info, warn, error, state,
	started_at, ended_at, workflow_id
FROM execlog_executions INDEXED BY execlog_executions_state
WHERE state = ?4 AND first_at >= ?1 AND first_at <= ?3
ORDER BY first_at DESC, id DESC LIMIT ?2

-- name: summary_of
SELECT execution_id, first_at, last_at, debug, info, warn, error, state,
	started_at, ended_at, workflow_id
FROM execlog_executions WHERE execution_id = ?1

-- name: engine_of
SELECT execution_id, {workflow_id}, {state}, {created_at}, {started_at},
	{ended_at}, {reason_code}, {message}
FROM executions WHERE execution_id = ?1

-- What the engine has made last: by rowid, behind which nothing is left to be
-- sorted, or where there is none by time.
-- name: engine_newest
SELECT execution_id, {workflow_id}, {state}, {created_at}, {started_at},
	{ended_at}, {reason_code}, {message}
FROM executions
ORDER BY {rowid} DESC, {created_at} DESC, execution_id DESC LIMIT ?1

-- name: engine_states
SELECT execution_id, {workflow_id}, {state}, {created_at}, {started_at},
	{ended_at}, {reason_code}, {message}
FROM executions WHERE {state} IN (?2, ?3, ?4, ?5, ?6, ?7)
ORDER BY {rowid} DESC, {created_at} DESC, execution_id DESC LIMIT ?1

-- Of one execution.  Few rows: sorting them costs nothing.

-- name: inspect_defined
SELECT json_extract(t.value, '$.id'), json_extract(t.value, '$.type'),
	nullif(t.value -> '$.needs', 'null')
FROM workflows AS w, json_each(w.definition, '$.tasks') AS t
WHERE w.id = ?1 LIMIT ?2 OFFSET ?3

-- name: inspect_runs
SELECT task_id, {state}, {reason_code}, {message}, {created_at}, {started_at},
	{ended_at}, {duration_ms}, {inputs}, {outputs}, {error}
FROM task_runs WHERE execution_id = ?1
ORDER BY task_id LIMIT ?2 OFFSET ?3

-- name: inspect_attempts
SELECT task_id, {attempt_number}, {status}, {started_at}, {ended_at}, {reason}
FROM attempts WHERE execution_id = ?1
ORDER BY task_id, {attempt_number} LIMIT ?2 OFFSET ?3

-- name: inspect_tasks
SELECT t.task_id, t.first_at, t.last_at
FROM execlog_executions AS e CROSS JOIN execlog_tasks AS t
	ON t.execution = e.id
WHERE e.execution_id = ?1
ORDER BY t.task_id LIMIT ?2 OFFSET ?3

-- name: inspect_streams
SELECT task_id, attempt, stream, state, opened_at, ended_at, lines,
	dropped_lines, cut
FROM execlog_streams WHERE execution_id = ?1
ORDER BY id LIMIT ?2 OFFSET ?3

-- ----------------------------------------------------------------- retention
--
-- The map of log rows (execlog_ranges).

-- name: ranges_seen
SELECT coalesce((SELECT last_id FROM execlog_ranges
	ORDER BY range DESC LIMIT 1), 0)

-- name: range_add
INSERT INTO execlog_ranges
	(range, rows, bytes, oldest, newest, last_id, whole)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (range) DO UPDATE SET
	rows = rows + excluded.rows, bytes = bytes + excluded.bytes,
	oldest = min(oldest, excluded.oldest),
	newest = max(newest, excluded.newest),
	last_id = max(last_id, excluded.last_id),
	whole = min(whole, excluded.whole)

-- name: range_doubt
UPDATE execlog_ranges SET whole = 0 WHERE range = ?1

-- name: ranges_from
SELECT range, oldest, newest, whole FROM execlog_ranges
WHERE range >= ?1 AND range <= ?2 ORDER BY range LIMIT 10000

-- What is in a range; the oldest that is not older than ?3.  A time that is no
-- number is never old.
-- name: range_rest
SELECT count(*), coalesce(CAST(min(CASE WHEN typeof(timestamp) IN ('integer', 'real')
		AND timestamp >= ?3 THEN timestamp END) AS INTEGER),
		9223372036854775807),
	coalesce(CAST(max(CASE WHEN typeof(timestamp) IN ('integer', 'real')
		THEN timestamp END) AS INTEGER), -9223372036854775808),
	coalesce(max(id), 0)
FROM execution_logs NOT INDEXED WHERE id >= ?1 AND id <= ?2

-- name: range_texts
SELECT execution_id, task_id, level, source, message, metadata
FROM execution_logs NOT INDEXED WHERE id >= ?1 AND id <= ?2

-- Each row takes ?6 bytes; NULL: as many as those that the map knows.
-- name: range_set
INSERT INTO execlog_ranges
	(range, rows, bytes, oldest, newest, last_id, whole)
VALUES (?1, ?2, ?2 * coalesce(?6, 0), ?3, ?4, ?5, 1)
ON CONFLICT (range) DO UPDATE SET rows = ?2,
	bytes = ?2 * coalesce(?6, bytes / max(rows, 1)), oldest = ?3,
	newest = ?4, last_id = ?5, whole = 1

-- Rows of it are gone, wherever they were.
-- name: range_less
UPDATE execlog_ranges SET rows = max(rows - ?2, 0),
	bytes = CASE WHEN rows > ?2 THEN bytes - bytes / rows * ?2 ELSE 0 END
WHERE range = ?1

-- name: range_drop
DELETE FROM execlog_ranges WHERE range = ?1

-- Rows older than ?1, about: of a range that is mixed, the share that its times
-- make likely.
-- name: ranges_expected
SELECT CAST(coalesce(sum(CASE WHEN newest < ?1 THEN rows
	WHEN oldest < ?1 THEN rows * (1.0 * ?1 - oldest)
		/ (1.0 * newest - oldest + 1) ELSE 0 END), 0) AS INTEGER)
FROM execlog_ranges

-- name: ranges_bytes
SELECT coalesce(sum(bytes), 0) FROM execlog_ranges

-- Up to which time rows must go, that bytes ?1 of them do: of the last range the
-- share that is likely.  Where all are of spared executions there is no oldest.
-- name: ranges_ceiling
SELECT CAST(oldest + (1.0 * newest - oldest + 1) * (?1 - total + bytes) / bytes
	AS INTEGER) + 1
FROM (SELECT min(oldest, newest) AS oldest, newest, bytes,
	sum(bytes) OVER (ORDER BY newest, range) AS total
	FROM execlog_ranges WHERE bytes > 0)
WHERE total >= ?1 ORDER BY total LIMIT 1

-- Old rows, by id, and those of an execution.

-- name: sweep_select
SELECT id, timestamp, execution_id FROM execution_logs NOT INDEXED
WHERE id >= ?1 AND id <= ?2 AND timestamp < ?3 ORDER BY id LIMIT ?4

-- name: sweep_select_of
SELECT id, timestamp FROM execution_logs INDEXED BY idx_logs_execution
WHERE execution_id = ?1 AND timestamp < ?2 ORDER BY timestamp LIMIT ?3

-- name: sweep_times_of
SELECT timestamp FROM execution_logs INDEXED BY idx_logs_execution
WHERE execution_id = ?1 AND timestamp >= ?2 AND timestamp < ?3
ORDER BY timestamp

-- The only statement that deletes a log row.
-- name: sweep_delete
DELETE FROM execution_logs WHERE id = ?1 AND timestamp < ?2

-- Events by id, and whether each is old; NULL: its time is no number.
-- name: events_old
SELECT id, execution_id, CASE WHEN typeof(timestamp) IN ('integer', 'real')
	THEN timestamp < ?2 END
FROM execution_audit_events NOT INDEXED WHERE id > ?1 ORDER BY id

-- name: watermark_raise
UPDATE execlog_audit_watermark SET through_id = ?1 WHERE through_id < ?1

-- name: origins_delete
DELETE FROM execlog_audit_origin WHERE audit_id <= ?1

-- The only statement that deletes an event.
-- name: events_delete
DELETE FROM execution_audit_events WHERE id <= ?1

-- name: removed_add
INSERT INTO execlog_removed (execution_id, rows, first_id, last_id, oldest,
	newest, removed_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (execution_id) DO UPDATE SET rows = rows + excluded.rows,
	first_id = min(first_id, excluded.first_id),
	last_id = max(last_id, excluded.last_id),
	oldest = min(oldest, excluded.oldest),
	newest = max(newest, excluded.newest), removed_at = excluded.removed_at

-- name: removed_forget
DELETE FROM execlog_removed WHERE execution_id IN
	(SELECT execution_id FROM execlog_removed
	WHERE removed_at < ?1 LIMIT ?2)

-- What readers are told.
-- name: removed_of
SELECT rows, first_id, last_id, oldest, newest FROM execlog_removed
WHERE execution_id = ?1

-- name: spared_add
INSERT INTO execlog_spared (execution_id, reason, noted_at)
VALUES (?1, ?2, ?3)
ON CONFLICT (execution_id) DO UPDATE SET reason = excluded.reason

-- name: spared_next
SELECT id, execution_id FROM execlog_spared WHERE id > ?1 ORDER BY id LIMIT 1

-- name: spared_drop
DELETE FROM execlog_spared WHERE execution_id = ?1

-- name: spared_has
SELECT EXISTS (SELECT 1 FROM execlog_spared WHERE execution_id = ?1)

-- name: spared_count
SELECT count(*) FROM execlog_spared WHERE reason <> 'ended'

-- name: rows_left
SELECT EXISTS (SELECT 1 FROM execution_logs WHERE execution_id = ?1)

-- name: streams_drop
DELETE FROM execlog_streams WHERE execution_id = ?1 AND state <> 'open'

-- What list and inspect have of an execution, of which no row and no event is
-- left.

-- name: tasks_drop
DELETE FROM execlog_tasks WHERE execution IN
	(SELECT id FROM execlog_executions WHERE execution_id = ?1)
	AND NOT EXISTS (SELECT 1 FROM execution_audit_events
		WHERE execution_id = ?1)

-- name: summary_drop
DELETE FROM execlog_executions WHERE execution_id = ?1
	AND NOT EXISTS (SELECT 1 FROM execution_audit_events
		WHERE execution_id = ?1)

-- Streams in the order in which they were opened.
-- name: streams_next
SELECT id, execution_id, opened_at FROM execlog_streams
WHERE id > ?1 ORDER BY id LIMIT 1

-- Is it running?

-- name: state_plan
EXPLAIN QUERY PLAN SELECT state FROM executions WHERE execution_id = ?1

-- name: newest_of
SELECT max(coalesce((SELECT timestamp
		FROM execution_logs INDEXED BY idx_logs_execution
		WHERE execution_id = ?1 AND timestamp <= 9223372036854775807
		ORDER BY timestamp DESC LIMIT 1), -9223372036854775808),
	coalesce((SELECT timestamp
		FROM execution_audit_events INDEXED BY idx_audit_execution
		WHERE execution_id = ?1 AND timestamp <= 9223372036854775807
		ORDER BY timestamp DESC LIMIT 1), -9223372036854775808))

-- It is one of the first events.
-- name: has_begun
SELECT EXISTS (SELECT 1 FROM (SELECT event_type
	FROM execution_audit_events INDEXED BY idx_audit_execution
	WHERE execution_id = ?1 ORDER BY timestamp LIMIT 100)
	WHERE event_type IN ('CREATED', 'STARTED'))

-- Sweeps, and the clocks.

-- name: sweep_begin
INSERT INTO execlog_sweeps (cause, started_at, cutoff, failed_cutoff,
	audit_cutoff, phase, cursor, rows, events, spared, expected, steps)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, 0, ?8, 0)

-- name: sweeps_trim
-- Behind the newest, ?1: one for the ceiling that found nothing to remove is
-- repeated every hour, and tells nothing more.
DELETE FROM execlog_sweeps WHERE id < ?1 AND (cause = 'ceiling' AND rows = 0
	OR id <= (SELECT id FROM execlog_sweeps ORDER BY id DESC LIMIT 1
		OFFSET ?2))

-- name: sweep_note
UPDATE execlog_sweeps SET ended_at = ?2, phase = ?3, cursor = ?4, rows = ?5,
	events = ?6, spared = ?7, steps = ?8
WHERE id = ?1

-- name: sweep_last
SELECT id, cause, started_at, coalesce(ended_at, 0), cutoff, failed_cutoff,
	audit_cutoff, phase, cursor, rows, events, spared, expected, steps
FROM execlog_sweeps ORDER BY id DESC LIMIT 1

-- name: clock_read
SELECT boot, wall_ms, boot_ms FROM execlog_clock

-- name: clock_write
INSERT INTO execlog_clock (one, boot, wall_ms, boot_ms)
VALUES (1, ?1, ?2, ?3)
ON CONFLICT (one) DO UPDATE SET boot = ?1, wall_ms = ?2, boot_ms = ?3
