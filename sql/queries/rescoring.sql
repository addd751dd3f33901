-- mark_rescoring: Accounts of which a day that was scored comes out otherwise; to be run before the days are stored.
-- A later day changes only where an earlier stale one does, so the stale days tell it all.
WITH newest AS (
    SELECT kind, max(trading_day) AS trading_day FROM scored_days GROUP BY kind
),
changed AS (
    SELECT account_id, trading_day, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots, largest_lots,
           seconds_held, balance_operations, closed_low, closed_high, snapshots, opening_equity, last_equity, min_equity,
           max_equity, balance_start, balance_end, balance_low, equity_start, equity_end, equity_low, equity_high,
           day_drawdown, max_drawdown, balance_peak, equity_peak, daily_loss_left, max_drawdown_left, total_net_profit,
           best_day, consistency_share
    FROM facts
    JOIN results USING (account_id, trading_day)
    WHERE trading_day <= (SELECT max(trading_day) FROM newest)
    EXCEPT
    SELECT account_id, trading_day, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots, largest_lots,
           seconds_held, balance_operations, closed_low, closed_high, snapshots, opening_equity, last_equity, min_equity,
           max_equity, balance_start, balance_end, balance_low, equity_start, equity_end, equity_low, equity_high,
           day_drawdown, max_drawdown, balance_peak, equity_peak, daily_loss_left, max_drawdown_left, total_net_profit,
           best_day, consistency_share
    FROM daily_metrics
    JOIN work USING (account_id, trading_day)
    WHERE trading_day <= (SELECT max(trading_day) FROM newest)
)
INSERT INTO rescoring AS kept (kind, account_id, since)
SELECT n.kind, c.account_id, min(c.trading_day)
FROM changed c
JOIN newest n ON n.trading_day >= c.trading_day
GROUP BY n.kind, c.account_id
ON CONFLICT (kind, account_id) DO UPDATE
SET since = least(kept.since, excluded.since), marked_at = excluded.marked_at;

-- marks: Accounts whose findings or forecasts are out of date, and since when.
SELECT account_id, since, marked_at
FROM rescoring
WHERE kind = :kind;

-- newest_scored: The last day that anomalies or violations were looked for on, forecasts made from, or outcomes joined of.
SELECT max(trading_day) FROM scored_days WHERE kind = :kind;

-- note_scored: These weekdays are scored now.
INSERT INTO scored_days (kind, trading_day)
SELECT :kind, unnest(CAST(:days AS date[]))
ON CONFLICT (kind, trading_day) DO UPDATE SET scored_at = excluded.scored_at;

-- take_off_marks: Marks that were dealt with, but those made anew meanwhile.
DELETE FROM rescoring r
USING unnest(CAST(:account_ids AS integer[]), CAST(:marked_at AS timestamptz[])) AS done (account_id, marked_at)
WHERE r.kind = :kind AND r.account_id = done.account_id AND r.marked_at = done.marked_at;

-- has_days: Whether any account has metrics of a day or of one before.
SELECT EXISTS (SELECT FROM daily_metrics WHERE trading_day <= :until);
