-- raise: Every finding that is not an alert yet becomes one, with a delivery for each sink.
WITH formats AS (
    SELECT account_id, account, status, currency, currency_digits,
           'FM999,999,999,999,990' || CASE WHEN currency_digits > 0 THEN '.' || repeat('0', currency_digits) ELSE '' END
               AS money
    FROM accounts
),
names (metric, words) AS (
    VALUES ('trades', 'number of trades'),
           ('lot_ratio', 'largest position'),
           ('holding_time', 'average holding time')
),
anomalies_found AS (
    SELECT 'anomaly:' || c.account || ':' || n.trading_day AS fingerprint,
           'anomaly' AS kind,
           n.account_id,
           n.trading_day,
           n.severity,
           format('Account %s: %s unusual%s on %s', c.account, coalesce(words, replace(n.metric, '_', ' ')),
                  CASE n.direction WHEN 1 THEN 'ly high' WHEN -1 THEN 'ly low' ELSE '' END, n.trading_day) AS title,
           concat_ws(' ',
               'Account ' || c.account || ': ' || rtrim(n.reason, '. ') || '.',
               'The day''s net profit was '
                   || to_char(as_money(m.gross_profit + m.gross_loss, c.currency_digits), c.money) || ' ' || c.currency || '.'
           ) AS body
    FROM anomalies n
    JOIN formats c USING (account_id)
    LEFT JOIN names USING (metric)
    LEFT JOIN daily_metrics m ON m.account_id = n.account_id AND m.trading_day = n.trading_day
                             AND n.metric <> 'net_profit'
    WHERE n.severity IN ('warning', 'critical')
      AND NOT EXISTS (SELECT FROM alerts x WHERE x.fingerprint = 'anomaly:' || c.account || ':' || n.trading_day)
),
breaches_found AS (
    SELECT 'forecast_breach:' || c.account || ':' || run.since AS fingerprint,
           'forecast_breach' AS kind,
           f.account_id,
           f.origin AS trading_day,
           CASE WHEN f.any_breach >= 0.9 THEN 'critical' ELSE 'warning' END AS severity,
           format('Account %s: %s chance of breaking a rule within %s trading days', c.account,
                  to_char(100 * f.any_breach, 'FM990.0') || ' %', f.horizon) AS title,
           concat_ws(' ',
               format('Account %s has a chance of %s %% to break a rule of its plan within the %s trading days after %s, '
                      'where an alert is raised from %s %% on.', c.account, to_char(100 * f.any_breach, 'FM990.0'),
                      f.horizon, f.origin, to_char(100 * CAST(:breach_probability AS double precision), 'FM990.0')),
               'Daily loss: ' || to_char(100 * f.daily_loss_breach, 'FM990.0') || ' %'
                   || coalesce(', with ' || to_char(as_money(m.daily_loss_left, c.currency_digits), c.money)
                               || ' ' || c.currency || ' left that day', '') || '.',
               'Maximum drawdown: ' || to_char(100 * f.max_drawdown_breach, 'FM990.0') || ' %'
                   || coalesce(', with ' || to_char(as_money(m.max_drawdown_left, c.currency_digits), c.money)
                               || ' ' || c.currency || ' left that day', '') || '.',
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
),
raised AS (
    INSERT INTO alerts (fingerprint, kind, account_id, trading_day, severity, title, body)
    SELECT *
    FROM (SELECT * FROM anomalies_found UNION ALL SELECT * FROM breaches_found) AS found
    ORDER BY fingerprint -- one order for all processes, so that two at once cannot wait for each other
    ON CONFLICT (fingerprint) DO NOTHING
    RETURNING alert_id, severity, trading_day
),
newest AS (
    SELECT max(trading_day) AS trading_day
    FROM (SELECT trading_day FROM anomalies_found UNION ALL SELECT trading_day FROM breaches_found
          UNION ALL SELECT max(trading_day) FROM daily_metrics) AS days
),
queued AS (
    INSERT INTO alert_deliveries (alert_id, sink)
    SELECT alert_id, sink
    FROM raised
    CROSS JOIN unnest(CAST(:sinks AS text[])) AS sink
    WHERE array_position(ARRAY ['info', 'warning', 'critical'], severity)
          >= array_position(ARRAY ['info', 'warning', 'critical'], CAST(:minimum_severity AS text))
      -- A long history scored at once is kept, but nobody wants last year's news on the phone.
      AND trading_day > (SELECT trading_day FROM newest) - CAST(:deliver_days AS integer)
)
SELECT count(*) FROM raised;

-- claim: Take the longest-due deliveries of a sink and hide them from others for the time of a lease.
WITH clock AS (
    SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS moment
),
due AS (
    SELECT alert_id, sink
    FROM alert_deliveries
    WHERE state = 'pending' AND sink = :sink AND next_attempt <= (SELECT moment FROM clock)
    ORDER BY next_attempt, alert_id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
),
claimed AS (
    UPDATE alert_deliveries d
    SET attempts = d.attempts + 1, next_attempt = (SELECT moment FROM clock) + CAST(:lease AS interval)
    FROM due
    WHERE d.alert_id = due.alert_id AND d.sink = due.sink
    RETURNING d.alert_id, d.attempts
)
SELECT attempts, alert_id, fingerprint, kind, account, trading_day, severity, title, body, raised_at
FROM claimed
JOIN alerts USING (alert_id)
JOIN accounts USING (account_id)
ORDER BY alert_id;

-- settle: Write down what became of claimed deliveries; a claim taken over meanwhile may only report success.
WITH clock AS (
    SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS moment
)
UPDATE alert_deliveries d
SET state        = CASE
                       WHEN o.error IS NULL THEN 'delivered'
                       WHEN d.attempts >= CAST(:most_attempts AS integer) THEN 'dead'
                       ELSE 'pending'
                   END,
    next_attempt = moment + least(interval '1 minute' * power(2, least(d.attempts, 30) - 1), CAST(:longest_wait AS interval)),
    error        = o.error,
    delivered_at = CASE WHEN o.error IS NULL THEN moment END
FROM clock,
     unnest(CAST(:alert_ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:errors AS text[]))
         AS o (alert_id, attempts, error)
WHERE d.alert_id = o.alert_id
  AND d.sink = :sink
  AND d.state <> 'delivered'
  AND (o.error IS NULL OR d.attempts = o.attempts)
RETURNING d.state;

-- waiting: How many deliveries are still to be made, due or not.
SELECT count(*) FROM alert_deliveries WHERE state = 'pending';

-- account_exists: Whether an account of this name is known.
SELECT EXISTS (SELECT FROM accounts WHERE account = :account);

-- list: Alerts, newest trading day first, graver ones first within it.
SELECT alert_id, fingerprint, kind, account, trading_day, severity, title, body, raised_at
FROM alerts
JOIN accounts USING (account_id)
WHERE (CAST(:alert_id AS bigint) IS NULL OR alert_id = :alert_id)
  AND (CAST(:account AS text) IS NULL OR account = :account)
  AND (CAST(:since AS date) IS NULL OR trading_day >= :since)
  AND array_position(ARRAY ['info', 'warning', 'critical'], severity)
      >= array_position(ARRAY ['info', 'warning', 'critical'], CAST(:severity AS text))
ORDER BY trading_day DESC, array_position(ARRAY ['info', 'warning', 'critical'], severity) DESC, alert_id DESC
LIMIT :limit;

-- deliveries: What became of some alerts at each sink.
SELECT alert_id, sink, state, attempts, next_attempt, error, delivered_at
FROM alert_deliveries
WHERE alert_id = ANY (CAST(:alert_ids AS bigint[]))
ORDER BY alert_id, sink;
