-- Dispatchers that share the database: see "Several dispatchers" in docs/dispatcher.md.

ALTER TABLE dispatchers
  ADD COLUMN team text COLLATE "C" NOT NULL DEFAULT '', -- those of one team may have the database open at once
  ADD COLUMN beat bigint NOT NULL DEFAULT 0, -- goes up while it is alive
  ADD COLUMN note text NOT NULL DEFAULT ''; -- what it tells the others about itself

-- Who looks after it: publishes its results, or waits for the end of what was called.
ALTER TABLE attempts ADD COLUMN dispatcher bigint;

-- What a running attempt was granted for its results: it may report to another dispatcher than it asked.
CREATE TABLE grants (
  invocation text COLLATE "C" NOT NULL,
  attempt integer NOT NULL,
  granted text NOT NULL,
  PRIMARY KEY (invocation, attempt)
);

-- Workers that any dispatcher may hear of: start tokens that were spent, and who was sent away.
CREATE TABLE workers (
  id text COLLATE "C" PRIMARY KEY,
  noted_at bigint NOT NULL,
  nonce text COLLATE "C",
  dismissed boolean NOT NULL DEFAULT false
);

-- Lines that scripts printed, as many as came at once.
CREATE TABLE logs (
  invocation text COLLATE "C" NOT NULL,
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  lines integer NOT NULL,
  content text NOT NULL, -- one JSON document a line
  PRIMARY KEY (invocation, seq)
);
