-- Broken rules are looked for apart from anomalies, so they have days and marks of their own.

ALTER TABLE scored_days
    DROP CONSTRAINT scored_days_kind_check,
    ADD CONSTRAINT scored_days_kind_check CHECK (kind IN ('anomaly', 'rule', 'forecast', 'outcome'));
ALTER TABLE rescoring
    DROP CONSTRAINT rescoring_kind_check,
    ADD CONSTRAINT rescoring_kind_check CHECK (kind IN ('anomaly', 'rule', 'forecast', 'outcome'));

-- So far both were looked for together, and what is out of date of the one is of the other.
INSERT INTO scored_days (kind, trading_day, scored_at)
SELECT 'rule', trading_day, scored_at FROM scored_days WHERE kind = 'anomaly';
INSERT INTO rescoring (kind, account_id, since, marked_at)
SELECT 'rule', account_id, since, marked_at FROM rescoring WHERE kind = 'anomaly';
