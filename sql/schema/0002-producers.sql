-- How far each named producer has come.  The number is committed in the
-- transaction of the records that it counts.

CREATE TABLE execlog_producers (
	producer TEXT PRIMARY KEY,
	uid INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	number INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Records that were acknowledged and are not in this file, because it is an
-- older state of itself.

CREATE TABLE execlog_incidents (
	id INTEGER PRIMARY KEY,
	producer TEXT NOT NULL,
	first_number INTEGER NOT NULL,
	last_number INTEGER NOT NULL,
	noticed_at INTEGER NOT NULL,
	confirmed_at INTEGER
);

-- down
DROP TABLE IF EXISTS execlog_incidents;
DROP TABLE IF EXISTS execlog_producers;
