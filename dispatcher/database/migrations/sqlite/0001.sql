-- Times are epoch milliseconds. Columns named after what they hold as JSON are texts.

CREATE TABLE functions (
  name TEXT PRIMARY KEY,
  current_release INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE TABLE packages (
  digest TEXT PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;

CREATE TABLE releases (
  function TEXT NOT NULL REFERENCES functions (name),
  number INTEGER NOT NULL,
  package_digest TEXT NOT NULL REFERENCES packages (digest),
  created_at INTEGER NOT NULL,
  spec TEXT NOT NULL,
  PRIMARY KEY (function, number)
) STRICT;

CREATE TABLE invocations (
  seq INTEGER PRIMARY KEY, -- order of arrival; rows are never deleted
  id TEXT NOT NULL UNIQUE,
  function TEXT NOT NULL,
  release INTEGER NOT NULL,
  state TEXT NOT NULL,
  not_before INTEGER NOT NULL DEFAULT 0, -- 0 = ready
  -- What the dispatcher asks for: queued work is either ready or delayed.
  phase TEXT NOT NULL AS (CASE WHEN state <> 'queued' THEN state WHEN not_before = 0 THEN 'ready' ELSE 'delayed' END) VIRTUAL,
  identity TEXT,
  body_digest TEXT,
  accepted_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  newest_attempt INTEGER NOT NULL DEFAULT 0, -- number of the last one handed out; never handed out again
  faults INTEGER NOT NULL DEFAULT 0,
  losses INTEGER NOT NULL DEFAULT 0,
  cause TEXT,
  message TEXT,
  input TEXT NOT NULL,
  decision TEXT NOT NULL,
  moves TEXT NOT NULL,
  outputs TEXT,
  result TEXT,
  FOREIGN KEY (function, release) REFERENCES releases (function, number)
) STRICT;

CREATE UNIQUE INDEX invocations_identity ON invocations (function, identity) WHERE identity IS NOT NULL;
CREATE INDEX invocations_ready ON invocations (function, release, seq) WHERE phase = 'ready';
CREATE INDEX invocations_delayed ON invocations (not_before) WHERE phase = 'delayed';
CREATE INDEX invocations_by_time ON invocations (accepted_at);
CREATE INDEX invocations_by_function ON invocations (function, accepted_at);
CREATE INDEX invocations_by_state ON invocations (state, accepted_at);
CREATE INDEX invocations_by_function_and_state ON invocations (function, state, accepted_at);

CREATE TABLE bodies (
  invocation TEXT PRIMARY KEY REFERENCES invocations (id),
  content BLOB NOT NULL
) STRICT;

CREATE TABLE attempts (
  invocation TEXT NOT NULL REFERENCES invocations (id),
  number INTEGER NOT NULL,
  backend TEXT NOT NULL,
  worker TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  ended_at INTEGER, -- NULL = the newest of a running invocation; at most one per invocation
  cause TEXT,
  message TEXT,
  exit_code INTEGER,
  times TEXT,
  publishing TEXT,
  PRIMARY KEY (invocation, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX attempts_running ON attempts (invocation) WHERE ended_at IS NULL;
CREATE INDEX attempts_running_by_age ON attempts (started_at) WHERE ended_at IS NULL;

CREATE TABLE quarantine (
  seq INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  problem TEXT NOT NULL,
  kept_at INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

-- Counting a long queue would take as long as the queue is; the triggers below keep the counts instead.
CREATE TABLE counts (
  function TEXT NOT NULL,
  release INTEGER NOT NULL,
  phase TEXT NOT NULL,
  cause TEXT NOT NULL, -- of what failed, else ''
  count INTEGER NOT NULL,
  PRIMARY KEY (function, release, phase, cause)
) STRICT, WITHOUT ROWID;

CREATE INDEX counts_of_work ON counts (function, release) WHERE count > 0 AND phase IN ('ready', 'running');

CREATE TRIGGER count_arrival AFTER INSERT ON invocations
BEGIN
  INSERT INTO counts (function, release, phase, cause, count)
  VALUES (new.function, new.release, new.phase, iif(new.state = 'failed', new.cause, ''), 1)
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER count_move AFTER UPDATE OF state, not_before ON invocations WHEN old.phase <> new.phase
BEGIN
  UPDATE counts SET count = count - 1
  WHERE function = old.function AND release = old.release AND phase = old.phase
    AND cause = iif(old.state = 'failed', old.cause, '');
  INSERT INTO counts (function, release, phase, cause, count)
  VALUES (new.function, new.release, new.phase, iif(new.state = 'failed', new.cause, ''), 1)
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- Written to find out whether the disk takes writes again.
CREATE TABLE probe (writes INTEGER NOT NULL) STRICT;
INSERT INTO probe VALUES (0);
