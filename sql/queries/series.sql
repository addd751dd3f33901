-- equity_span: How long a stretch of an account's equity is, cut to where it has any, and how coarse it is drawn.
-- The level follows from the length alone, so a chart that is moved keeps its level.
WITH known AS (
    SELECT a.account_id,
           greatest(
               CAST(:since AS timestamptz),
               (SELECT b.bucket FROM equity_1d b WHERE b.account_id = a.account_id ORDER BY b.bucket LIMIT 1)
           ) AS since,
           least(
               CAST(:until AS timestamptz),
               (SELECT b.bucket FROM equity_5m b WHERE b.account_id = a.account_id ORDER BY b.bucket DESC LIMIT 1)
                   + interval '5 minutes'
           ) AS until
    FROM accounts a
    WHERE a.account_id = :account_id
)
SELECT account_id,
       since,
       until,
       CASE
           WHEN until - time_bucket(interval '5 minutes', since) <= CAST(:points AS integer) * interval '5 minutes'
               THEN '5 minutes'
           WHEN until - time_bucket(interval '1 hour', since) <= CAST(:points AS integer) * interval '1 hour'
               THEN '1 hour'
           ELSE '1 day'
       END AS level
FROM known
WHERE since < until;

-- equity_5_minutes: An account's equity and balance as the 5-minute aggregate holds them, oldest first.
SELECT b.bucket                                                             AS time,
       b.last_equity / power(10::double precision, a.currency_digits)       AS equity,
       b.min_equity / power(10::double precision, a.currency_digits)        AS low,
       b.max_equity / power(10::double precision, a.currency_digits)        AS high,
       b.last_balance / power(10::double precision, a.currency_digits)      AS balance
FROM equity_5m b
JOIN accounts a USING (account_id)
WHERE b.account_id = :account_id
  AND b.bucket >= time_bucket(interval '5 minutes', CAST(:since AS timestamptz))
  AND b.bucket < CAST(:until AS timestamptz)
ORDER BY b.bucket;

-- equity_1_hour: The same by the hour, made of the 5-minute aggregate; an hour keeps its lowest and highest.
SELECT time_bucket(interval '1 hour', b.bucket)                                              AS time,
       last(b.last_equity, b.bucket) / power(10::double precision, a.currency_digits)        AS equity,
       min(b.min_equity) / power(10::double precision, a.currency_digits)                    AS low,
       max(b.max_equity) / power(10::double precision, a.currency_digits)                    AS high,
       last(b.last_balance, b.bucket) / power(10::double precision, a.currency_digits)       AS balance
FROM equity_5m b
JOIN accounts a USING (account_id)
WHERE b.account_id = :account_id
  AND b.bucket >= time_bucket(interval '1 hour', CAST(:since AS timestamptz))
  AND b.bucket < time_bucket(interval '1 hour', CAST(:until AS timestamptz) - interval '1 microsecond') + interval '1 hour'
GROUP BY 1, a.currency_digits
ORDER BY 1;

-- equity_1_day: The same by the UTC day, from the daily aggregate.
SELECT b.bucket                                                             AS time,
       b.last_equity / power(10::double precision, a.currency_digits)       AS equity,
       b.min_equity / power(10::double precision, a.currency_digits)        AS low,
       b.max_equity / power(10::double precision, a.currency_digits)        AS high,
       b.last_balance / power(10::double precision, a.currency_digits)      AS balance
FROM equity_1d b
JOIN accounts a USING (account_id)
WHERE b.account_id = :account_id
  AND b.bucket >= time_bucket(interval '1 day', CAST(:since AS timestamptz))
  AND b.bucket < CAST(:until AS timestamptz)
ORDER BY b.bucket;
