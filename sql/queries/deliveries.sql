-- messages: Stored messages, in the order they were written.
SELECT message_id, m.fingerprint, a.fingerprint AS alert, m.kind, account, coalesce(account_group, cohort) AS "group", subject,
       coalesce(first_day, m.trading_day) AS first_day, m.trading_day, m.severity, m.title, m.body,
       coalesce(raised_at, made_at) AS raised_at, made_at
FROM messages m
LEFT JOIN alerts a USING (alert_id)
LEFT JOIN accounts USING (account_id)
WHERE message_id = ANY (CAST(:message_ids AS bigint[]))
ORDER BY message_id;

-- told: Which sinks were told, or will be, of the alerts that these messages are about.
SELECT DISTINCT a.fingerprint AS alert, d.sink
FROM messages new
JOIN alerts a USING (alert_id)
JOIN messages earlier USING (alert_id)
JOIN deliveries d ON d.message_id = earlier.message_id
WHERE new.message_id = ANY (CAST(:message_ids AS bigint[]))
  AND d.state <> 'cancelled';

-- add: Put messages into the outbox.
INSERT INTO deliveries (message_id, sink)
SELECT message_id, sink
FROM unnest(CAST(:message_ids AS bigint[]), CAST(:sinks AS text[])) AS new (message_id, sink)
ON CONFLICT DO NOTHING;

-- claim: Take the longest-due deliveries of a sink and hide them from others for the time of a lease.
WITH clock AS (
    SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS moment
),
due AS (
    SELECT d.message_id, d.sink
    FROM deliveries d
    JOIN messages m USING (message_id)
    WHERE d.state = 'pending' AND d.sink = :sink AND d.next_attempt <= (SELECT moment FROM clock)
      -- A correction must not arrive before what it corrects.
      AND NOT EXISTS (SELECT
                      FROM messages earlier
                      JOIN deliveries e ON e.message_id = earlier.message_id
                      WHERE earlier.alert_id = m.alert_id AND earlier.message_id < m.message_id
                        AND e.sink = d.sink AND e.state = 'pending')
    ORDER BY d.next_attempt, d.message_id
    LIMIT :limit
    FOR UPDATE OF d SKIP LOCKED
),
claimed AS (
    UPDATE deliveries d
    SET attempts = d.attempts + 1, next_attempt = (SELECT moment FROM clock) + CAST(:lease AS interval)
    FROM due
    WHERE d.message_id = due.message_id AND d.sink = due.sink
    RETURNING d.message_id, d.attempts
)
SELECT attempts,
       m.kind = 'resolved' OR m.kind = 'corrected' AND a.state = 'resolved' AS over,
       message_id, m.fingerprint, a.fingerprint AS alert, m.kind, account, coalesce(account_group, cohort) AS "group", subject,
       coalesce(first_day, m.trading_day) AS first_day, m.trading_day, m.severity, m.title, m.body,
       coalesce(raised_at, made_at) AS raised_at, made_at
FROM claimed
JOIN messages m USING (message_id)
LEFT JOIN alerts a USING (alert_id)
LEFT JOIN accounts USING (account_id)
ORDER BY message_id;

-- settle: Write down what became of claimed deliveries; a claim taken over meanwhile may only report success.
WITH clock AS (
    SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS moment
)
UPDATE deliveries d
SET state        = CASE
                       WHEN o.error IS NULL THEN 'delivered'
                       WHEN d.attempts >= CAST(:most_attempts AS integer) THEN 'dead'
                       ELSE 'pending'
                   END,
    next_attempt = moment + least(interval '1 minute' * power(2, least(d.attempts, 30) - 1), CAST(:longest_wait AS interval)),
    error        = o.error,
    delivered_at = CASE WHEN o.error IS NULL THEN moment END
FROM clock,
     unnest(CAST(:message_ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:errors AS text[]))
         AS o (message_id, attempts, error)
WHERE d.message_id = o.message_id
  AND d.sink = :sink
  AND d.state <> 'delivered'
  AND (o.error IS NULL OR d.state = 'pending' AND d.attempts = o.attempts)
RETURNING d.state;

-- waiting: How many deliveries are still to be made, due or not.
SELECT count(*) FROM deliveries WHERE state = 'pending';

-- requeue: Dead deliveries get their attempts once more; those overtaken by a later message of their alert do not.
UPDATE deliveries d
SET state        = CASE
                       WHEN EXISTS (SELECT
                                    FROM messages later
                                    JOIN deliveries l ON l.message_id = later.message_id
                                    WHERE later.alert_id = m.alert_id AND later.message_id > m.message_id
                                      AND l.sink = d.sink AND l.state = 'delivered')
                           THEN 'cancelled'
                       ELSE 'pending'
                   END,
    attempts     = 0,
    next_attempt = clock_timestamp()
FROM messages m
WHERE m.message_id = d.message_id
  AND d.state = 'dead'
  AND (CAST(:sink AS text) IS NULL OR d.sink = :sink)
RETURNING d.state;
