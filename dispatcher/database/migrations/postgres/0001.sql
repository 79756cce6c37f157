-- Times are epoch milliseconds. Columns named after what they hold as JSON are texts: nobody asks for anything inside of
-- them, and jsonb takes neither \u0000 nor lone surrogates, which names of objects may have.
-- Texts that are looked for are compared byte by byte, whatever the language of the database.

CREATE TABLE functions (
  name text COLLATE "C" PRIMARY KEY,
  current_release integer NOT NULL,
  removed_at bigint
);

CREATE TABLE packages (
  digest text COLLATE "C" PRIMARY KEY,
  content bytea NOT NULL
);

CREATE TABLE releases (
  function text COLLATE "C" NOT NULL REFERENCES functions (name),
  number integer NOT NULL,
  package_digest text COLLATE "C" NOT NULL REFERENCES packages (digest),
  created_at bigint NOT NULL,
  spec text COLLATE "C" NOT NULL, -- with its keys in order: the same spec is the same text
  PRIMARY KEY (function, number)
);

-- What refers to a release or to an invocation is inserted by statements that have just found it; a foreign key would
-- look a second time, and lock it, for a fifth of the time that an insert takes.

CREATE TABLE invocations (
  id text COLLATE "C" PRIMARY KEY,
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY, -- order of arrival; rows are never deleted
  function text COLLATE "C" NOT NULL,
  release integer NOT NULL,
  state text COLLATE "C" NOT NULL,
  not_before bigint NOT NULL DEFAULT 0, -- 0 = ready
  -- What the dispatcher asks for: queued work is either ready or delayed.
  phase text COLLATE "C" NOT NULL GENERATED ALWAYS AS
    (CASE WHEN state <> 'queued' THEN state WHEN not_before = 0 THEN 'ready' ELSE 'delayed' END) STORED,
  eligible integer NOT NULL, -- one bit per back-end that may take it: 1 local, 2 kubernetes, 4 lambda
  spill_at bigint, -- from when on public ones may
  runs_on integer NOT NULL DEFAULT 0, -- the bit of the back-end that runs it, or ran it last
  -- What the counts below tell apart: ready work by who may take it, running work by who runs it.
  lane integer NOT NULL GENERATED ALWAYS AS
    (CASE WHEN state = 'running' THEN runs_on WHEN state = 'queued' AND not_before = 0 THEN eligible ELSE 0 END) STORED,
  identity text COLLATE "C", -- digest: a key can be longer than what fits into an index
  body_digest text COLLATE "C",
  accepted_at bigint NOT NULL,
  started_at bigint,
  ended_at bigint,
  attempts integer NOT NULL DEFAULT 0,
  newest_attempt integer NOT NULL DEFAULT 0, -- number of the last one handed out; never handed out again
  faults integer NOT NULL DEFAULT 0,
  losses integer NOT NULL DEFAULT 0,
  cause text COLLATE "C",
  message text,
  input text NOT NULL,
  decision text NOT NULL,
  moves text NOT NULL,
  outputs text,
  result text
);

CREATE UNIQUE INDEX invocations_identity ON invocations (function, identity) WHERE identity IS NOT NULL;
CREATE INDEX invocations_ready ON invocations (function, release, eligible, seq) WHERE phase = 'ready';
CREATE INDEX invocations_spilling ON invocations (function, release, eligible, spill_at, seq)
  WHERE phase = 'ready' AND spill_at IS NOT NULL;
CREATE INDEX invocations_delayed ON invocations (not_before) WHERE phase = 'delayed';
CREATE INDEX invocations_by_time ON invocations (accepted_at, seq);
CREATE INDEX invocations_by_function ON invocations (function, accepted_at, seq);
CREATE INDEX invocations_by_state ON invocations (state, accepted_at, seq);
CREATE INDEX invocations_by_function_and_state ON invocations (function, state, accepted_at, seq);

CREATE TABLE bodies (
  invocation text COLLATE "C" PRIMARY KEY,
  content bytea NOT NULL
);
-- Most files are compressed already.
ALTER TABLE bodies ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE attempts (
  invocation text COLLATE "C" NOT NULL,
  number integer NOT NULL,
  backend text NOT NULL,
  worker text NOT NULL,
  started_at bigint NOT NULL,
  lease_until bigint NOT NULL,
  ended_at bigint, -- NULL = the newest of a running invocation; at most one per invocation
  cause text,
  message text,
  exit_code integer,
  times text,
  cost double precision, -- USD; NULL = nobody is paid for it
  publishing text,
  PRIMARY KEY (invocation, number)
) WITH (fillfactor = 80); -- room for leases that are renewed

CREATE UNIQUE INDEX attempts_running ON attempts (invocation) WHERE ended_at IS NULL;
CREATE INDEX attempts_running_by_age ON attempts (started_at) WHERE ended_at IS NULL;

CREATE TABLE costs (
  function text COLLATE "C" NOT NULL,
  hour bigint NOT NULL, -- when it began
  cost double precision NOT NULL, -- USD
  PRIMARY KEY (hour, function)
);

CREATE TABLE quarantine (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text NOT NULL,
  problem text NOT NULL,
  kept_at bigint NOT NULL,
  body bytea NOT NULL
);

-- Counting a long queue would take as long as the queue is; the triggers below keep the counts instead.
CREATE TABLE counts (
  function text COLLATE "C" NOT NULL,
  release integer NOT NULL,
  phase text COLLATE "C" NOT NULL,
  lane integer NOT NULL,
  cause text COLLATE "C" NOT NULL, -- of what failed, else ''
  count bigint NOT NULL,
  PRIMARY KEY (phase, function, release, lane, cause)
) WITH (fillfactor = 20); -- few rows that change all the time

-- Always in the same order, so that two writers wait for each other at most.
CREATE FUNCTION count_arrivals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO spillway.counts AS known (function, release, phase, lane, cause, count)
  SELECT function, release, phase, lane, CASE WHEN state = 'failed' THEN cause ELSE '' END, count(*)
  FROM after GROUP BY 1, 2, 3, 4, 5 ORDER BY 3, 1, 2, 4, 5
  ON CONFLICT (phase, function, release, lane, cause) DO UPDATE SET count = known.count + excluded.count;
  RETURN NULL;
END $$;

CREATE FUNCTION count_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO spillway.counts AS known (function, release, phase, lane, cause, count)
  SELECT function, release, phase, lane, CASE WHEN state = 'failed' THEN cause ELSE '' END, sum(change) FROM (
    SELECT function, release, phase, lane, state, cause, -1 AS change FROM before
    UNION ALL
    SELECT function, release, phase, lane, state, cause, 1 FROM after
  ) AS changes
  GROUP BY 1, 2, 3, 4, 5 HAVING sum(change) <> 0 ORDER BY 3, 1, 2, 4, 5
  ON CONFLICT (phase, function, release, lane, cause) DO UPDATE SET count = known.count + excluded.count;
  RETURN NULL;
END $$;

CREATE TRIGGER count_arrivals AFTER INSERT ON invocations
  REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_arrivals();

CREATE TRIGGER count_moves AFTER UPDATE ON invocations
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_moves();

-- Every dispatcher that opened the database, and how many times it has committed.
CREATE TABLE dispatchers (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mark bigint NOT NULL
) WITH (fillfactor = 20);
