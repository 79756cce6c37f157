-- Several back-ends: work waits for those that its decision names, and public ones take it from a stated time on.

-- One bit per back-end that may take it: 1 local, 2 kubernetes, 4 lambda.
ALTER TABLE invocations ADD COLUMN eligible INTEGER NOT NULL DEFAULT 1;
ALTER TABLE invocations ADD COLUMN spill_at INTEGER;
-- The bit of the back-end that runs it, or ran it last.
ALTER TABLE invocations ADD COLUMN runs_on INTEGER NOT NULL DEFAULT 1;
-- What the counts below tell apart: ready work by who may take it, running work by who runs it.
ALTER TABLE invocations ADD COLUMN lane INTEGER NOT NULL
  AS (CASE WHEN state = 'running' THEN runs_on WHEN state = 'queued' AND not_before = 0 THEN eligible ELSE 0 END) VIRTUAL;

DROP INDEX invocations_ready;
CREATE INDEX invocations_ready ON invocations (function, release, eligible, seq) WHERE phase = 'ready';
CREATE INDEX invocations_spilling ON invocations (function, release, eligible, spill_at, seq)
  WHERE phase = 'ready' AND spill_at IS NOT NULL;

ALTER TABLE attempts ADD COLUMN cost REAL; -- USD; NULL = nobody is paid for it

CREATE TABLE costs (
  function TEXT NOT NULL,
  hour INTEGER NOT NULL, -- when it began
  cost REAL NOT NULL, -- USD
  PRIMARY KEY (hour, function)
) STRICT, WITHOUT ROWID;

DROP TRIGGER count_arrival;
DROP TRIGGER count_move;
DROP INDEX counts_of_work;
ALTER TABLE counts RENAME TO counts_before;
CREATE TABLE counts (
  function TEXT NOT NULL,
  release INTEGER NOT NULL,
  phase TEXT NOT NULL,
  lane INTEGER NOT NULL,
  cause TEXT NOT NULL, -- of what failed, else ''
  count INTEGER NOT NULL,
  PRIMARY KEY (function, release, phase, lane, cause)
) STRICT, WITHOUT ROWID;
INSERT INTO counts SELECT function, release, phase, phase IN ('ready', 'running'), cause, count FROM counts_before;
DROP TABLE counts_before;

CREATE INDEX counts_of_work ON counts (function, release) WHERE count > 0 AND phase IN ('ready', 'running');

CREATE TRIGGER count_arrival AFTER INSERT ON invocations
BEGIN
  INSERT INTO counts (function, release, phase, lane, cause, count)
  VALUES (new.function, new.release, new.phase, new.lane, iif(new.state = 'failed', new.cause, ''), 1)
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER count_move AFTER UPDATE OF state, not_before ON invocations WHEN old.phase <> new.phase
BEGIN
  UPDATE counts SET count = count - 1
  WHERE function = old.function AND release = old.release AND phase = old.phase
    AND lane = old.lane AND cause = iif(old.state = 'failed', old.cause, '');
  INSERT INTO counts (function, release, phase, lane, cause, count)
  VALUES (new.function, new.release, new.phase, new.lane, iif(new.state = 'failed', new.cause, ''), 1)
  ON CONFLICT DO UPDATE SET count = count + 1;
END;
