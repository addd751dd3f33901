-- Findings of every kind in one table, the life of the alerts made of them, and an outbox of messages.

CREATE TABLE findings (
    finding_id      bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            text             NOT NULL CHECK (kind IN ('anomaly', 'rule', 'cohort')),
    account_id      integer,         -- null: it is about a whole cohort
    cohort          text,            -- account group, or 'firm'
    trading_day     date             NOT NULL,
    since           date             NOT NULL,
    subject         text             NOT NULL, -- the metric that says most, or the rule
    detector        text             NOT NULL,
    rule_version_id integer          REFERENCES rule_versions,
    pvalue          double precision CHECK (pvalue BETWEEN 0 AND 1), -- null: a rule's, which nothing has to be believed of
    direction       smallint         NOT NULL CHECK (direction IN (-1, 0, 1)),
    seen            double precision,
    expected        double precision,
    at_stake        bigint,          -- minor units of the account's currency
    severity        text             NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    reason          text             NOT NULL,
    evidence        jsonb            NOT NULL DEFAULT '{}',
    scored_at       timestamptz      NOT NULL DEFAULT now(),
    CHECK (since <= trading_day),
    CHECK ((kind = 'cohort') = (account_id IS NULL)),
    CHECK ((kind = 'cohort') = (cohort IS NOT NULL))
);
COMMENT ON TABLE findings IS 'What stands out on a trading day: an account unlike its past, a rule of the trade broken, a cohort that moved as one.';
CREATE UNIQUE INDEX findings_of_accounts ON findings (account_id, trading_day, kind, subject) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX findings_of_cohorts ON findings (cohort, trading_day, subject, direction) WHERE account_id IS NULL;
CREATE INDEX findings_by_day ON findings (trading_day DESC);

INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, pvalue, direction, seen, expected, severity,
                      reason, scored_at)
SELECT 'anomaly', account_id, trading_day, trading_day, metric, detector, pvalue, direction, seen, expected, severity,
       reason, scored_at
FROM anomalies;
DROP TABLE anomalies;

-- How many alarms each scored day was allowed and made: the false-discovery control goes on from here.
CREATE TABLE alarm_days (
    trading_day date             PRIMARY KEY,
    control     text             NOT NULL CHECK (control IN ('fdr', 'budget')),
    target      double precision NOT NULL CHECK (target > 0),
    tests       integer          NOT NULL,
    discoveries integer          NOT NULL,
    augmented   integer          NOT NULL, -- the most there could have been, had one more p-value been zero
    level       double precision           -- null where a budget decided
);
COMMENT ON TABLE alarm_days IS 'The alarm budget, day by day: p-values judged, alarms made, and the level they had to pass.';

-- An alert is an incident: the findings of one account (or cohort) on adjacent days.
ALTER TABLE alerts DROP CONSTRAINT alerts_kind_check;
ALTER TABLE alerts ALTER COLUMN account_id DROP NOT NULL;
ALTER TABLE alerts
    ADD COLUMN cohort          text,
    ADD COLUMN subject         text,        -- of its gravest finding
    ADD COLUMN subjects        text[]       NOT NULL DEFAULT '{}',
    ADD COLUMN first_day       date,
    ADD COLUMN at_stake        bigint,
    ADD COLUMN seen            double precision, -- by its gravest finding, on seen_on: what a correction is measured by
    ADD COLUMN seen_on         date,
    ADD COLUMN state           text         NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
    ADD COLUMN resolution      text         CHECK (resolution IN ('ended', 'withdrawn', 'muted', 'labelled')),
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by text,
    ADD COLUMN resolved_at     timestamptz,
    ADD COLUMN label           text         CHECK (label IN ('true', 'expected', 'false', 'new_normal')),
    ADD COLUMN labelled_at     timestamptz,
    ADD COLUMN labelled_by     text,
    ADD COLUMN note            text,
    ADD COLUMN escalated_at    timestamptz,
    ADD COLUMN changed_at      timestamptz;
UPDATE alerts
SET first_day = trading_day, changed_at = raised_at,
    subject = CASE kind WHEN 'anomaly' THEN 'anomaly' ELSE 'forecast_breach' END,
    subjects = ARRAY [CASE kind WHEN 'anomaly' THEN 'anomaly' ELSE 'forecast_breach' END];
UPDATE alerts a
SET subject = f.subject, subjects = ARRAY [f.subject]
FROM findings f
WHERE a.kind = 'anomaly' AND f.account_id = a.account_id AND f.trading_day = a.trading_day;
UPDATE alerts SET kind = 'incident' WHERE kind = 'anomaly';
ALTER TABLE alerts
    ALTER COLUMN subject SET NOT NULL,
    ALTER COLUMN first_day SET NOT NULL,
    ALTER COLUMN changed_at SET DEFAULT now(),
    ALTER COLUMN changed_at SET NOT NULL,
    ADD CHECK (kind IN ('incident', 'forecast_breach')),
    ADD CHECK ((account_id IS NULL) <> (cohort IS NULL)),
    ADD CHECK (first_day <= trading_day),
    ADD CHECK ((state = 'resolved') = (resolution IS NOT NULL));
COMMENT ON COLUMN alerts.trading_day IS 'The last day it is about; first_day is the first.';
CREATE INDEX alerts_by_account ON alerts (account_id, trading_day DESC);
CREATE INDEX alerts_unresolved ON alerts (alert_id) WHERE state <> 'resolved';

-- What was done to an alert, by whom: nothing is overwritten without a trace.
CREATE TABLE alert_history (
    alert_id bigint      NOT NULL REFERENCES alerts ON DELETE CASCADE,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    event    text        NOT NULL,
    done_by  text,       -- null: the engine
    note     text
);
CREATE INDEX alert_history_by_alert ON alert_history (alert_id, at);

CREATE TABLE mutes (
    mute_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    integer     REFERENCES accounts,
    account_group text,
    subject       text,       -- a metric, a rule, or forecast_breach
    since         date        NOT NULL,
    until         date,       -- null: until it is lifted
    reason        text,
    made_by       text        NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT now(),
    lifted_at     timestamptz,
    lifted_by     text,
    CHECK (until >= since)
);
COMMENT ON TABLE mutes IS 'Findings of these accounts, groups, metrics or rules on trading days since..until raise no alert; null means any.';

-- The outbox: a message is written with the change of the alert that it tells of, and worked off by the alert job.
CREATE TABLE messages (
    message_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint text        NOT NULL UNIQUE, -- the idempotency key of its deliveries
    alert_id    bigint      REFERENCES alerts ON DELETE CASCADE, -- null: a digest
    kind        text        NOT NULL CHECK (kind IN ('raised', 'escalated', 'corrected', 'resolved', 'digest')),
    trading_day date        NOT NULL,
    severity    text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    title       text        NOT NULL,
    body        text        NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'digest') = (alert_id IS NULL))
);
CREATE INDEX messages_by_alert ON messages (alert_id, message_id);
INSERT INTO messages (fingerprint, alert_id, kind, trading_day, severity, title, body, made_at)
SELECT fingerprint, alert_id, 'raised', trading_day, severity, title, body, raised_at FROM alerts;

ALTER TABLE alert_deliveries RENAME TO earlier_deliveries;
DROP INDEX alert_deliveries_pending;
CREATE TABLE deliveries (
    message_id   bigint      NOT NULL REFERENCES messages ON DELETE CASCADE,
    sink         text        NOT NULL,
    state        text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead', 'cancelled')),
    attempts     smallint    NOT NULL DEFAULT 0,
    next_attempt timestamptz NOT NULL DEFAULT now(),
    error        text,
    delivered_at timestamptz,
    PRIMARY KEY (message_id, sink)
);
-- The claim takes a sink's longest-due first: 500 deliveries take 0.3 s with this order of columns, 4.5 s by time alone.
CREATE INDEX deliveries_pending ON deliveries (sink, next_attempt, message_id) WHERE state = 'pending';
INSERT INTO deliveries (message_id, sink, state, attempts, next_attempt, error, delivered_at)
SELECT m.message_id, d.sink, d.state, d.attempts, d.next_attempt, d.error, d.delivered_at
FROM earlier_deliveries d
JOIN messages m USING (alert_id);
DROP TABLE earlier_deliveries;
