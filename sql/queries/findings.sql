-- forget: Days that are looked at again lose their earlier findings of the kinds looked for.
DELETE FROM findings
WHERE trading_day BETWEEN :since AND :until
  AND kind = ANY (CAST(:kinds AS text[]));

-- currency_digits: The decimals of some accounts' currencies.
SELECT account_id, currency_digits
FROM accounts
WHERE account_id = ANY (CAST(:account_ids AS integer[]));

-- add: Keep findings, as a JSON array of rows; money comes in ordinary units.
INSERT INTO findings (kind, account_id, cohort, trading_day, since, subject, detector, rule_version_id, pvalue, direction, seen,
                      expected, at_stake, severity, reason, evidence)
SELECT row.kind, row.account_id, row.cohort, row.trading_day, row.since, row.subject, row.detector, row.rule_version_id,
       row.pvalue, row.direction, row.seen, row.expected, round(row.at_stake * power(10::numeric, a.currency_digits)),
       row.severity, row.reason, row.evidence
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS row (kind text, account_id integer, cohort text, trading_day date, since date, subject text, detector text,
            rule_version_id integer, pvalue double precision, direction smallint, seen double precision,
            expected double precision, at_stake numeric, severity text, reason text, evidence jsonb)
LEFT JOIN accounts a USING (account_id);

-- alarm_days: What an alarm budget remembers of the days before one, the newest 2,000, oldest first.
SELECT tests, discoveries, augmented, level
FROM (
    SELECT trading_day, tests, discoveries, augmented, coalesce(level, 'NaN') AS level
    FROM alarm_days
    WHERE control = :control AND target = :target AND trading_day < :day
    ORDER BY trading_day DESC
    LIMIT 2000
) AS newest
ORDER BY trading_day;

-- keep_alarm_days: Days of an alarm budget, as a JSON array of rows.
INSERT INTO alarm_days (trading_day, control, target, tests, discoveries, augmented, level)
SELECT trading_day, :control, :target, tests, discoveries, augmented, level
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS row (trading_day date, tests integer, discoveries integer, augmented integer, level double precision)
ON CONFLICT (trading_day) DO UPDATE
SET control = excluded.control, target = excluded.target, tests = excluded.tests, discoveries = excluded.discoveries,
    augmented = excluded.augmented, level = excluded.level;
