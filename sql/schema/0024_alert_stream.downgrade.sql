ALTER TABLE alert_history DROP COLUMN position;
