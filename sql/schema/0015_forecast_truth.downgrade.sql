DELETE FROM rescoring WHERE kind = 'outcome';
DELETE FROM scored_days WHERE kind = 'outcome';
ALTER TABLE rescoring
    DROP CONSTRAINT rescoring_kind_check,
    ADD CONSTRAINT rescoring_kind_check CHECK (kind IN ('anomaly', 'forecast'));
ALTER TABLE scored_days
    DROP CONSTRAINT scored_days_kind_check,
    ADD CONSTRAINT scored_days_kind_check CHECK (kind IN ('anomaly', 'forecast'));
DROP TABLE forecast_outcomes;
DROP TABLE forecast_states;
DROP TABLE group_forecasts;
ALTER TABLE forecasts
    DROP COLUMN consistency_failure,
    DROP COLUMN payout_probability,
    DROP COLUMN expected_payout,
    DROP COLUMN naive_mean,
    DROP COLUMN naive_deviation,
    DROP COLUMN cohort;
