-- window: The day a digest is of, and what it covers: all since the digest before it, without one 24 hours, at most 7 days.
WITH clock AS (
    SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS moment
),
named AS (
    SELECT moment, coalesce(CAST(:day AS date), (moment AT TIME ZONE 'UTC')::date - 1) AS day
    FROM clock
),
ended AS (
    SELECT day, least(moment, (day + 2)::timestamp AT TIME ZONE 'UTC') AS until
    FROM named
)
SELECT day,
       coalesce(last.message_id, 0) AS last_message,
       greatest(coalesce(last.made_at, until - interval '24 hours'), until - interval '7 days') AS since,
       until
FROM ended
LEFT JOIN LATERAL (
    SELECT message_id, made_at
    FROM messages
    WHERE kind = 'digest' AND trading_day < day AND made_at < until
    ORDER BY message_id DESC
    LIMIT 1
) AS last ON true;

-- counts: How many alerts were told of in the window, by what was told, how many ended, and how many are unresolved now.
SELECT kind, severity, count(DISTINCT alert_id) AS alerts
FROM messages
WHERE kind IN ('raised', 'escalated', 'corrected')
  AND message_id > :last_message AND made_at > :since AND made_at <= :until
GROUP BY kind, severity
UNION ALL
SELECT 'resolved', severity, count(*)
FROM alerts
WHERE resolved_at > :since AND resolved_at <= :until
GROUP BY severity
UNION ALL
SELECT 'open', severity, count(*)
FROM alerts
WHERE state <> 'resolved'
GROUP BY severity;

-- largest: Of the unresolved alerts told of in the window, those with the most money at stake.
SELECT as_money(at_stake, currency_digits) AS at_stake, currency, a.severity, a.title
FROM alerts a
LEFT JOIN accounts USING (account_id)
WHERE a.state <> 'resolved'
  AND EXISTS (SELECT
              FROM messages m
              WHERE m.alert_id = a.alert_id AND m.kind IN ('raised', 'escalated')
                AND m.message_id > :last_message AND m.made_at > :since AND m.made_at <= :until)
ORDER BY as_money(at_stake, currency_digits) DESC NULLS LAST,
         array_position(ARRAY ['critical', 'warning', 'info'], a.severity), alert_id
LIMIT :top;

-- subjects: What the alerts raised in the window are about.
SELECT subject, count(DISTINCT alert_id) AS alerts
FROM messages m
JOIN alerts USING (alert_id)
WHERE m.kind = 'raised'
  AND message_id > :last_message AND made_at > :since AND made_at <= :until
GROUP BY subject
ORDER BY alerts DESC, subject;

-- at_risk: Active accounts whose newest forecast says that a rule will likely be broken, and how many they are.
SELECT account, f.any_breach, count(*) OVER () AS accounts
FROM accounts c
CROSS JOIN LATERAL (
    SELECT any_breach
    FROM forecasts
    WHERE account_id = c.account_id AND horizon = :horizon
    ORDER BY origin DESC, made_at DESC, model
    LIMIT 1
) AS f
WHERE c.status = 'active' AND f.any_breach >= :breach_probability
ORDER BY any_breach DESC, account
LIMIT greatest(CAST(:top AS integer), 1);

-- add: Store a digest, unless its day has one.
INSERT INTO messages (fingerprint, kind, trading_day, severity, title, body, made_at)
VALUES (:fingerprint, 'digest', :day, :severity, :title, :body, :until)
ON CONFLICT (fingerprint) DO NOTHING
RETURNING message_id;
