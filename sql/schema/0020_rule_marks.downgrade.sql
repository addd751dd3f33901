-- Rules and anomalies are looked for together again: what is out of date of the rules is scored again with the others.

INSERT INTO rescoring AS kept (kind, account_id, since, marked_at)
SELECT 'anomaly', account_id, since, marked_at FROM rescoring WHERE kind = 'rule'
ON CONFLICT (kind, account_id) DO UPDATE
SET since = least(kept.since, excluded.since), marked_at = greatest(kept.marked_at, excluded.marked_at);
DELETE FROM rescoring WHERE kind = 'rule';
DELETE FROM scored_days WHERE kind = 'rule';
ALTER TABLE rescoring
    DROP CONSTRAINT rescoring_kind_check,
    ADD CONSTRAINT rescoring_kind_check CHECK (kind IN ('anomaly', 'forecast', 'outcome'));
ALTER TABLE scored_days
    DROP CONSTRAINT scored_days_kind_check,
    ADD CONSTRAINT scored_days_kind_check CHECK (kind IN ('anomaly', 'forecast', 'outcome'));
