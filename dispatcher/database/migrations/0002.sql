-- Several back-ends: work waits for those that its decision names, and public ones take it from a stated time on.

-- One bit per back-end that may take it: 1 local, 2 kubernetes, 4 lambda.
ALTER TABLE invocations ADD COLUMN eligible INTEGER NOT NULL DEFAULT 1;
ALTER TABLE invocations ADD COLUMN spill_at INTEGER;

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

-- Ready work is counted for each set of back-ends.
DROP TRIGGER count_arrival;
DROP TRIGGER count_move;
DROP INDEX counts_of_work;
ALTER TABLE counts RENAME TO counts_before;
CREATE TABLE counts (
  function TEXT NOT NULL,
  release INTEGER NOT NULL,
  phase TEXT NOT NULL,
  eligible INTEGER NOT NULL, -- of what is ready, else 0
  cause TEXT NOT NULL, -- of what failed, else ''
  count INTEGER NOT NULL,
  PRIMARY KEY (function, release, phase, eligible, cause)
) STRICT, WITHOUT ROWID;
INSERT INTO counts SELECT function, release, phase, iif(phase = 'ready', 1, 0), cause, count FROM counts_before;
DROP TABLE counts_before;

CREATE INDEX counts_of_work ON counts (function, release) WHERE count > 0 AND phase IN ('ready', 'running');

CREATE TRIGGER count_arrival AFTER INSERT ON invocations
BEGIN
  INSERT INTO counts (function, release, phase, eligible, cause, count)
  VALUES (new.function, new.release, new.phase, iif(new.phase = 'ready', new.eligible, 0),
    iif(new.state = 'failed', new.cause, ''), 1)
  ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER count_move AFTER UPDATE OF state, not_before ON invocations WHEN old.phase <> new.phase
BEGIN
  UPDATE counts SET count = count - 1
  WHERE function = old.function AND release = old.release AND phase = old.phase
    AND eligible = iif(old.phase = 'ready', old.eligible, 0) AND cause = iif(old.state = 'failed', old.cause, '');
  INSERT INTO counts (function, release, phase, eligible, cause, count)
  VALUES (new.function, new.release, new.phase, iif(new.phase = 'ready', new.eligible, 0),
    iif(new.state = 'failed', new.cause, ''), 1)
  ON CONFLICT DO UPDATE SET count = count + 1;
END;
