-- What was found by rules, alerts of cohorts and messages after the first have no place below this rung.
CREATE TABLE alert_deliveries (
    alert_id     bigint      NOT NULL REFERENCES alerts ON DELETE CASCADE,
    sink         text        NOT NULL,
    state        text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts     smallint    NOT NULL DEFAULT 0,
    next_attempt timestamptz NOT NULL DEFAULT now(),
    error        text,
    delivered_at timestamptz,
    PRIMARY KEY (alert_id, sink)
);
CREATE INDEX alert_deliveries_pending ON alert_deliveries (next_attempt) WHERE state = 'pending';
INSERT INTO alert_deliveries (alert_id, sink, state, attempts, next_attempt, error, delivered_at)
SELECT m.alert_id, d.sink, CASE d.state WHEN 'cancelled' THEN 'dead' ELSE d.state END, d.attempts, d.next_attempt, d.error,
       d.delivered_at
FROM deliveries d
JOIN messages m USING (message_id)
WHERE m.kind = 'raised';
DROP TABLE deliveries;
DROP TABLE messages;
DROP TABLE mutes;
DROP TABLE alert_history;

DELETE FROM alerts WHERE account_id IS NULL;
DROP INDEX alerts_unresolved;
DROP INDEX alerts_by_account;
-- A column takes the checks on it along.
ALTER TABLE alerts
    DROP CONSTRAINT alerts_kind_check,
    DROP COLUMN cohort,
    DROP COLUMN subject,
    DROP COLUMN subjects,
    DROP COLUMN first_day,
    DROP COLUMN at_stake,
    DROP COLUMN seen,
    DROP COLUMN seen_on,
    DROP COLUMN resolution,
    DROP COLUMN state,
    DROP COLUMN acknowledged_at,
    DROP COLUMN acknowledged_by,
    DROP COLUMN resolved_at,
    DROP COLUMN label,
    DROP COLUMN labelled_at,
    DROP COLUMN labelled_by,
    DROP COLUMN note,
    DROP COLUMN escalated_at,
    DROP COLUMN changed_at;
UPDATE alerts SET kind = 'anomaly' WHERE kind = 'incident';
ALTER TABLE alerts
    ALTER COLUMN account_id SET NOT NULL,
    ADD CONSTRAINT alerts_kind_check CHECK (kind IN ('anomaly', 'forecast_breach'));
COMMENT ON COLUMN alerts.trading_day IS NULL;

DROP TABLE alarm_days;
CREATE TABLE anomalies (
    anomaly_id  bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  integer          NOT NULL,
    trading_day date             NOT NULL,
    metric      text             NOT NULL,
    detector    text             NOT NULL,
    pvalue      double precision NOT NULL CHECK (pvalue BETWEEN 0 AND 1),
    direction   smallint         NOT NULL CHECK (direction IN (-1, 0, 1)),
    seen        double precision,
    expected    double precision,
    severity    text             NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    reason      text             NOT NULL,
    scored_at   timestamptz      NOT NULL DEFAULT now(),
    UNIQUE (account_id, trading_day)
);
COMMENT ON TABLE anomalies IS 'Account-days that do not fit the account''s own past: at most one row each, for the metric that says most.';
CREATE INDEX anomalies_by_day ON anomalies (trading_day DESC);
INSERT INTO anomalies (account_id, trading_day, metric, detector, pvalue, direction, seen, expected, severity, reason, scored_at)
SELECT DISTINCT ON (account_id, trading_day) account_id, trading_day, subject, detector, pvalue, direction, seen, expected,
       severity, reason, scored_at
FROM findings
WHERE kind = 'anomaly'
ORDER BY account_id, trading_day, pvalue;
DROP TABLE findings;
