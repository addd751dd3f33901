-- lock: One process at a time makes alerts; readers and deliveries go on.
LOCK TABLE alerts IN SHARE ROW EXCLUSIVE MODE;

-- newest_day: The last trading day that was looked at.
SELECT greatest((SELECT max(trading_day) FROM scored_days WHERE kind = 'anomaly'), (SELECT max(trading_day) FROM findings));

-- findings: What of the last days is worth an alert; muted findings are marked.
SELECT coalesce('account ' || n.account_id, 'cohort ' || n.cohort) AS owner,
       n.account_id,
       n.cohort,
       c.account,
       c.currency,
       c.currency_digits,
       n.kind,
       n.trading_day,
       n.subject,
       n.detector,
       n.pvalue,
       n.direction,
       n.seen,
       n.at_stake,
       n.severity,
       n.reason,
       ARRAY(SELECT jsonb_path_query(n.evidence, '$.counterparts[*].account') #>> '{}') AS counterparts,
       CASE WHEN n.subject <> 'net_profit' THEN as_money(m.gross_profit + m.gross_loss, c.currency_digits) END AS net_profit,
       EXISTS (
           SELECT
           FROM mutes m
           WHERE m.lifted_at IS NULL
             AND (m.account_id IS NULL OR m.account_id = n.account_id)
             AND (m.account_group IS NULL OR m.account_group IN (c.account_group, n.cohort))
             AND (m.subject IS NULL OR m.subject = n.subject)
             AND n.trading_day BETWEEN m.since AND coalesce(m.until, 'infinity')
       ) AS muted
FROM findings n
LEFT JOIN accounts c USING (account_id)
LEFT JOIN daily_metrics m ON m.account_id = n.account_id AND m.trading_day = n.trading_day
WHERE n.severity <> 'info'
  AND n.trading_day > CAST(:newest AS date) - CAST(:window_days AS integer);

-- incidents: The alerts that findings of these days may belong to.
SELECT a.alert_id, a.fingerprint, coalesce('account ' || a.account_id, 'cohort ' || a.cohort) AS owner, a.subject, a.subjects,
       a.first_day, a.trading_day, a.severity, a.at_stake, a.seen, a.seen_on, a.title, a.body, a.state, a.resolution, a.label
FROM alerts a
WHERE a.kind = 'incident'
  AND a.trading_day > CAST(:newest AS date) - CAST(:window_days AS integer);

-- add: New alerts, as a JSON array of rows.
INSERT INTO alerts (fingerprint, kind, account_id, cohort, subject, subjects, counterparts, first_day, trading_day, severity,
                    at_stake, seen, seen_on, title, body)
SELECT fingerprint, 'incident', account_id, cohort, subject, subjects, counterparts, first_day, trading_day, severity, at_stake,
       seen, seen_on, title, body
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS row (fingerprint text, account_id integer, cohort text, subject text, subjects text[], counterparts text[],
            first_day date, trading_day date, severity text, at_stake bigint, seen double precision, seen_on date, title text,
            body text)
ON CONFLICT (fingerprint) DO NOTHING
RETURNING alert_id;

-- change: New facts in alerts there are, as a JSON array of rows; a state or resolution of null stays.
UPDATE alerts a
SET subject      = row.subject,
    subjects     = row.subjects,
    counterparts = row.counterparts,
    first_day    = row.first_day,
    trading_day  = row.trading_day,
    severity     = row.severity,
    at_stake     = row.at_stake,
    seen         = row.seen,
    seen_on      = row.seen_on,
    title        = row.title,
    body         = row.body,
    state        = CASE WHEN row.reopened THEN 'open' ELSE a.state END,
    resolution   = CASE WHEN row.reopened THEN NULL ELSE a.resolution END,
    resolved_at  = CASE WHEN row.reopened THEN NULL ELSE a.resolved_at END,
    changed_at   = now()
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS row (alert_id bigint, subject text, subjects text[], counterparts text[], first_day date, trading_day date,
            severity text, at_stake bigint, seen double precision, seen_on date, title text, body text, reopened boolean)
WHERE a.alert_id = row.alert_id;

-- resolve: Alerts that are over, and why.
UPDATE alerts
SET state = 'resolved', resolution = :resolution, resolved_at = now(), changed_at = now()
WHERE alert_id = ANY (CAST(:alert_ids AS bigint[]))
RETURNING alert_id;

-- ended: Unresolved incidents with nothing new for a while, and chances of a breach that are low again.
SELECT alert_id
FROM alerts a
WHERE state <> 'resolved'
  AND kind <> 'engine'
  AND CASE kind
          WHEN 'incident' THEN trading_day < CAST(:newest AS date) - CAST(:resolve_days AS integer)
          ELSE NOT EXISTS (SELECT FROM accounts c WHERE c.account_id = a.account_id AND c.status = 'active')
               OR coalesce((SELECT any_breach
                            FROM forecasts f
                            WHERE f.account_id = a.account_id AND f.horizon = :horizon AND f.origin > a.first_day
                            ORDER BY origin DESC, made_at DESC, model
                            LIMIT 1) < :breach_probability, false)
      END
ORDER BY alert_id;

-- unheeded: Critical alerts that nobody has acknowledged in time, once each.
UPDATE alerts
SET escalated_at = now(), changed_at = now()
WHERE state = 'open'
  AND severity = 'critical'
  AND escalated_at IS NULL
  AND trading_day > CAST(:newest AS date) - CAST(:deliver_days AS integer)
  AND raised_at < coalesce(CAST(:now AS timestamptz), now()) - CAST(:patience AS interval)
RETURNING alert_id;

-- forecast_breaches: Raise an alert for each run of forecasts with a high chance of breaking a rule.
WITH formats AS (
    SELECT account_id, account, account_group, status, currency, currency_digits,
           'FM999,999,999,999,990' || CASE WHEN currency_digits > 0 THEN '.' || repeat('0', currency_digits) ELSE '' END
               AS money
    FROM accounts
),
breaches_found AS (
    SELECT 'forecast_breach:' || c.account || ':' || run.since AS fingerprint,
           f.account_id,
           f.origin AS trading_day,
           CASE WHEN f.any_breach >= 0.9 THEN 'critical' ELSE 'warning' END AS severity,
           -- What the lowest of the quantiles loses.
           greatest(0, round(-f.total_quantiles[f.horizon][1] * power(10, c.currency_digits)))::bigint AS at_stake,
           format('Account %s: %s chance of breaking a rule within %s trading days', c.account,
                  to_char(100 * f.any_breach, 'FM990.0') || ' %', f.horizon) AS title,
           concat_ws(' ',
               format('Account %s has a chance of %s %% to break a rule of its plan within the %s trading days after %s, '
                      'where an alert is raised from %s %% on.', c.account, to_char(100 * f.any_breach, 'FM990.0'),
                      f.horizon, f.origin, to_char(100 * CAST(:breach_probability AS double precision), 'FM990.0')),
               'Daily loss: ' || to_char(100 * f.daily_loss_breach, 'FM990.0') || ' %'
                   || coalesce(', with ' || to_char(as_money(m.daily_loss_left, c.currency_digits), c.money)
                               || ' ' || c.currency || ' left at the worst of that day', '') || '.',
               'Maximum drawdown: ' || to_char(100 * f.max_drawdown_breach, 'FM990.0') || ' %'
                   || coalesce(', with ' || to_char(as_money(m.max_drawdown_left, c.currency_digits), c.money)
                               || ' ' || c.currency || ' left at the worst of that day', '') || '.',
               'Expected net profit over that time: '
                   || to_char((SELECT sum(day) FROM unnest(f.mean) AS day)::numeric, c.money) || ' ' || c.currency
                   || coalesce(', with ' || round(100 * (f.quantile_levels[widest] - f.quantile_levels[1])::numeric)
                               || ' % of outcomes between ' || to_char(f.total_quantiles[f.horizon][1]::numeric, c.money)
                               || ' and ' || to_char(f.total_quantiles[f.horizon][widest]::numeric, c.money)
                               || ' ' || c.currency, '') || '.'
           ) AS body
    FROM formats c
    CROSS JOIN LATERAL (
        SELECT *, cardinality(quantile_levels) AS widest
        FROM forecasts
        WHERE account_id = c.account_id AND horizon = :horizon
        ORDER BY origin DESC, made_at DESC, model
        LIMIT 1
    ) AS f
    CROSS JOIN LATERAL (
        SELECT min(origin) FILTER (WHERE origin > coalesce(last_calm, '-infinity')) AS since
        FROM (
            SELECT origin, max(origin) FILTER (WHERE calm) OVER () AS last_calm
            FROM (
                SELECT DISTINCT ON (origin) origin, NOT coalesce(any_breach >= :breach_probability, false) AS calm
                FROM forecasts
                WHERE account_id = c.account_id AND horizon = :horizon
                ORDER BY origin, made_at DESC, model
            ) AS origins
        ) AS past
    ) AS run
    LEFT JOIN daily_metrics m ON m.account_id = f.account_id AND m.trading_day = f.origin
    WHERE c.status = 'active'
      AND f.any_breach >= :breach_probability
      -- The fingerprint alone would change when a moved threshold or a late forecast moves the run's first day.
      AND NOT EXISTS (SELECT FROM alerts x
                      WHERE x.kind = 'forecast_breach' AND x.account_id = f.account_id AND x.trading_day >= run.since)
      AND NOT EXISTS (
          SELECT
          FROM mutes m
          WHERE m.lifted_at IS NULL
            AND (m.account_id IS NULL OR m.account_id = f.account_id)
            AND (m.account_group IS NULL OR m.account_group = c.account_group)
            AND (m.subject IS NULL OR m.subject = 'forecast_breach')
            AND f.origin BETWEEN m.since AND coalesce(m.until, 'infinity')
      )
)
INSERT INTO alerts (fingerprint, kind, account_id, subject, subjects, first_day, trading_day, severity, at_stake, title, body)
SELECT fingerprint, 'forecast_breach', account_id, 'forecast_breach', ARRAY ['forecast_breach'], trading_day, trading_day,
       severity, at_stake, title, body
FROM breaches_found
ON CONFLICT (fingerprint) DO NOTHING
RETURNING alert_id;

-- say: Write messages about alerts, their titles and texts beginning with what is new; returns them for the queue.
WITH told AS (
    SELECT alert_id, count(*) AS messages FROM messages WHERE alert_id = ANY (CAST(:alert_ids AS bigint[])) GROUP BY alert_id
),
said AS (
    INSERT INTO messages (fingerprint, alert_id, kind, trading_day, severity, title, body)
    SELECT a.fingerprint || CASE WHEN t.messages IS NULL THEN '' ELSE ':' || t.messages + 1 END,
           a.alert_id, :kind, a.trading_day, a.severity, concat(CAST(:prefix AS text), a.title),
           concat_ws(' ', nullif(CAST(:preamble AS text), ''), a.body)
    FROM alerts a
    LEFT JOIN told t USING (alert_id)
    WHERE a.alert_id = ANY (CAST(:alert_ids AS bigint[]))
    ORDER BY a.alert_id
    RETURNING message_id, fingerprint, alert_id, kind, trading_day, severity, title, body, made_at
)
SELECT s.message_id, s.fingerprint, a.fingerprint AS alert, s.kind, c.account, coalesce(c.account_group, a.cohort) AS "group",
       a.subject, a.first_day, s.trading_day, s.severity, s.title, s.body, a.raised_at, s.made_at
FROM said s
JOIN alerts a USING (alert_id)
LEFT JOIN accounts c USING (account_id)
ORDER BY s.message_id;

-- cancel: What was not sent yet of alerts that are taken back is not sent at all.
UPDATE deliveries d
SET state = 'cancelled'
FROM messages m
WHERE m.message_id = d.message_id
  AND m.alert_id = ANY (CAST(:alert_ids AS bigint[]))
  AND d.state = 'pending'
  AND d.attempts = 0;

-- lock_history: Nobody else adds to the history until this transaction has ended; it is read as ever.
LOCK TABLE alert_history IN SHARE ROW EXCLUSIVE MODE;

-- remember: Note what was done to alerts.
INSERT INTO alert_history (alert_id, event, done_by, note)
SELECT unnest(CAST(:alert_ids AS bigint[])), :event, :done_by, :note;

-- account_exists: Whether an account of this name is known.
SELECT EXISTS (SELECT FROM accounts WHERE account = :account);

-- list: Alerts in an order, those after a place in it: newest trading day first, or what needs somebody first.
-- The place is an array, compared number by number: what counts in the order, down to the alert's number.
-- Those of accounts that one may not see are left out by the join; cohorts' by the policy of the table.
SELECT a.alert_id, a.fingerprint, a.kind, c.account, a.cohort, a.subject, a.subjects, a.first_day, a.trading_day, a.severity,
       s.at_stake, c.currency, a.title, a.body, a.state, a.resolution, a.label, a.note, a.raised_at, a.acknowledged_at,
       a.acknowledged_by, a.resolved_at, o.place
FROM alerts a
LEFT JOIN accounts c USING (account_id)
CROSS JOIN LATERAL (
    SELECT array_position(ARRAY ['info', 'warning', 'critical'], a.severity) AS severity,
           a.at_stake / power(10::double precision, c.currency_digits)       AS at_stake,
           (a.trading_day - date '1970-01-01')::double precision             AS day
) AS s
CROSS JOIN LATERAL (
    SELECT CASE CAST(:sort AS text)
               WHEN 'rank' THEN ARRAY [(a.state <> 'resolved')::integer, s.severity, coalesce(s.at_stake, 0), s.day, a.alert_id]
               ELSE ARRAY [s.day, s.severity, a.alert_id]
           END AS place
) AS o
WHERE (a.account_id IS NULL OR c.account_id IS NOT NULL)
  AND (CAST(:alert_id AS bigint) IS NULL OR a.alert_id = :alert_id)
  AND (CAST(:account AS text) IS NULL OR c.account = :account)
  AND (CAST(:group AS text) IS NULL OR c.account_group = :group OR a.cohort = :group)
  AND (CAST(:state AS text) IS NULL OR a.state = :state OR (:state = 'unresolved' AND a.state <> 'resolved'))
  AND (CAST(:subject AS text) IS NULL OR CAST(:subject AS text) = ANY (a.subjects))
  AND (CAST(:since AS date) IS NULL OR a.trading_day >= :since)
  AND s.severity >= array_position(ARRAY ['info', 'warning', 'critical'], CAST(:severity AS text))
  AND (CAST(:after AS double precision[]) IS NULL OR o.place < CAST(:after AS double precision[]))
ORDER BY o.place DESC
LIMIT :limit;

-- deliveries: What became of the messages of some alerts at each sink.
SELECT m.alert_id, m.kind AS message, d.sink, d.state, d.attempts, d.next_attempt, d.error, d.delivered_at
FROM deliveries d
JOIN messages m USING (message_id)
WHERE m.alert_id = ANY (CAST(:alert_ids AS bigint[]))
ORDER BY m.alert_id, m.message_id, d.sink;

-- evidence: The findings an alert is made of, with what they rest on.
SELECT n.trading_day, n.since, n.kind, n.subject, n.detector, n.severity, n.pvalue, n.seen, n.expected, n.reason,
       v.version AS rule_version, n.evidence
FROM alerts a
JOIN findings n ON n.trading_day BETWEEN a.first_day AND a.trading_day
               AND n.severity <> 'info'
               AND (n.account_id = a.account_id OR n.cohort = a.cohort)
LEFT JOIN rule_versions v USING (rule_version_id)
WHERE a.alert_id = :alert_id
  AND a.kind = 'incident'
ORDER BY n.trading_day, n.kind DESC, n.pvalue, n.subject;

-- history: What was done to an alert.
SELECT at, event, done_by, note FROM alert_history WHERE alert_id = :alert_id ORDER BY position;
