-- Work that waits can be decided about again, and then waits in another lane.
DROP TRIGGER count_move;

CREATE TRIGGER count_move AFTER UPDATE OF state, not_before, eligible ON invocations
WHEN old.phase <> new.phase OR old.lane <> new.lane
BEGIN
  UPDATE counts SET count = count - 1
  WHERE function = old.function AND release = old.release AND phase = old.phase
    AND lane = old.lane AND cause = iif(old.state = 'failed', old.cause, '');
  INSERT INTO counts (function, release, phase, lane, cause, count)
  VALUES (new.function, new.release, new.phase, new.lane, iif(new.state = 'failed', new.cause, ''), 1)
  ON CONFLICT DO UPDATE SET count = count + 1;
END;
