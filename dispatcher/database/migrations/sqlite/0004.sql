-- What ran on a public back-end and has ended, but what it cost is not on record yet.
CREATE INDEX attempts_owed ON attempts (ended_at)
  WHERE cost IS NULL AND ended_at IS NOT NULL AND backend IN ('lambda', 'rehearsal');
