-- A place in the history of alerts, by which those who listen to it go on where they stopped.

ALTER TABLE alert_history ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX alert_history_by_position ON alert_history (position);
