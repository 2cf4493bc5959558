-- The events that end an execution: an execution can have any number of others.

CREATE INDEX execlog_audit_ends ON execution_audit_events (execution_id)
	WHERE event_type IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT');

-- down
DROP INDEX IF EXISTS execlog_audit_ends;
