-- Alerts of the engine's own troubles have no place below this rung.
DROP INDEX alerts_engine_once;
DELETE FROM alerts WHERE kind = 'engine';
ALTER TABLE alerts DROP CONSTRAINT alerts_engine_check;
ALTER TABLE alerts DROP CONSTRAINT alerts_kind_check;
ALTER TABLE alerts ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('incident', 'forecast_breach'));

DROP TABLE health_observations;
