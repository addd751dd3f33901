-- create_chunks: The chunks that some moments (UTC seconds; 0 for none) need, where they are not there yet.
SELECT _timescaledb_functions.create_chunk(
           CAST(:table AS regclass),
           jsonb_build_object(d.column_name, jsonb_build_array(n.slice * d.length, (n.slice + 1) * d.length)))
FROM (
    SELECT column_name, (extract(epoch FROM time_interval) * 1000000)::bigint AS length
    FROM timescaledb_information.dimensions
    WHERE hypertable_schema = 'public' AND hypertable_name = :table
) AS d
CROSS JOIN LATERAL (
    SELECT DISTINCT moment * 1000000 / d.length AS slice
    FROM unnest(CAST(:moments AS bigint[])) AS moment
    WHERE moment > 0
) AS n
WHERE NOT EXISTS (
    SELECT
    FROM timescaledb_information.chunks c
    WHERE c.hypertable_schema = 'public'
      AND c.hypertable_name = :table
      AND c.range_start < to_timestamp((n.slice + 1) * d.length / 1000000)
      AND c.range_end > to_timestamp(n.slice * d.length / 1000000)
);

-- kept_since: Before that moment (UTC seconds) raw rows of a hypertable were dropped.
SELECT extract(epoch FROM kept_since)::bigint FROM retention_limits WHERE hypertable = :table;

-- lock_accounts: The accounts of a batch by name. Who holds the row loads the account alone, so its marks hold.
SELECT n.place - 1                                                AS place,
       a.account_id,
       a.currency_digits,
       a.highest_ticket,
       extract(epoch FROM a.newest_snapshot)::bigint              AS newest_snapshot,
       p.reset_time::text                                         AS reset_time,
       p.time_zone
FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS n (account, place)
JOIN accounts a USING (account)
JOIN plans p USING (plan_id)
ORDER BY a.account_id
FOR NO KEY UPDATE OF a;

-- day_starts: When the trading days of some calendars begin.
SELECT c.calendar - 1                                                                  AS calendar,
       d.day,
       extract(epoch FROM day_starts_at(date '1970-01-01' + d.day, c.reset_time, c.time_zone))::bigint AS starts
FROM unnest(CAST(:reset_times AS time[]), CAST(:time_zones AS text[])) WITH ORDINALITY AS c (reset_time, time_zone, calendar)
CROSS JOIN generate_series(CAST(:first_day AS integer), CAST(:last_day AS integer)) AS d (day)
ORDER BY c.calendar, d.day;

-- create_touched_days: Account-days that a batch brought something for, in days since 1970.
CREATE TEMPORARY TABLE touched_days (account_id integer NOT NULL, day integer NOT NULL) ON COMMIT DROP;

-- copy_touched_days: Fill them.
COPY touched_days (account_id, day) FROM STDIN (FORMAT binary);

-- mark_stale_days: Days whose metrics are out of date now, and what changed; a day already marked is marked anew.
INSERT INTO stale_days AS s (account_id, trading_day, of_trades, of_equity, of_operations)
SELECT account_id, date '1970-01-01' + day, :of_trades, :of_equity, :of_operations
FROM touched_days
ON CONFLICT (account_id, trading_day) DO UPDATE
SET marked_at     = excluded.marked_at,
    of_trades     = s.of_trades OR excluded.of_trades,
    of_equity     = s.of_equity OR excluded.of_equity,
    of_operations = s.of_operations OR excluded.of_operations;

-- drop_touched_days: A statement marks twice in one transaction.
DROP TABLE touched_days;

-- known_symbols: Ids of symbols by name.
SELECT symbol, symbol_id FROM symbols WHERE symbol = ANY (CAST(:symbols AS text[]));

-- add_symbols: Symbols seen for the first time, in one order for everybody, so that two loads cannot block each other.
-- The look-up before it keeps ids from being used up.
INSERT INTO symbols (symbol)
SELECT symbol
FROM unnest(CAST(:symbols AS text[])) AS symbol
ORDER BY symbol
ON CONFLICT (symbol) DO NOTHING;

-- create_suspects: Rows that may be there already, in this or another version. A cancellation has no values.
CREATE TEMPORARY TABLE suspects (
    place        integer     NOT NULL,
    account_id   integer     NOT NULL,
    ticket       bigint      NOT NULL,
    stated       boolean     NOT NULL,
    version_at   timestamptz NOT NULL,
    close_time   timestamptz,
    open_price   bigint,
    price_move   bigint,
    profit       bigint,
    commission   bigint,
    swap         bigint,
    seconds_held integer,
    lots         integer,
    symbol_id    smallint,
    side         smallint,
    price_digits smallint,
    lot_digits   smallint
) ON COMMIT DROP;

-- copy_suspects: Fill them.
COPY suspects (place, account_id, ticket, stated, version_at, close_time, open_price, price_move, profit, commission, swap,
               seconds_held, lots, symbol_id, side, price_digits, lot_digits)
FROM STDIN (FORMAT binary);

-- copy_suspected_cancellations: Fill them.
COPY suspects (place, account_id, ticket, stated, version_at) FROM STDIN (FORMAT binary);

-- analyze_suspects: Their number decides how they are looked up.
ANALYZE suspects;

-- suspect_periods: Which 30 days may hold them, and bounds that keep other chunks and batches shut.
SELECT to_timestamp(r.period::bigint * 2592000)       AS since,
       to_timestamp((r.period + 1)::bigint * 2592000) AS until,
       min(s.account_id)                              AS first_account,
       max(s.account_id)                              AS last_account,
       min(s.ticket)                                  AS first_ticket,
       max(s.ticket)                                  AS last_ticket
FROM suspects s
JOIN ticket_ranges r ON r.account_id = s.account_id AND s.ticket BETWEEN r.lowest AND r.highest
GROUP BY r.period
ORDER BY r.period;

-- suspect_bounds: All of time, for when the ranges cannot be relied on.
SELECT timestamptz '-infinity' AS since,
       timestamptz 'infinity'  AS until,
       min(account_id)         AS first_account,
       max(account_id)         AS last_account,
       min(ticket)             AS first_ticket,
       max(ticket)             AS last_ticket
FROM suspects
HAVING count(*) > 0;

-- known_trades: Suspects that are there, and whether they bring nothing new: the same values, and no later word of the source.
SELECT s.place,
       coalesce((s.close_time, s.open_price, s.price_move, s.profit, s.commission, s.swap, s.seconds_held,
                 s.lots, s.symbol_id, s.side, s.price_digits, s.lot_digits)
                = (t.close_time, t.open_price, t.price_move, t.profit, t.commission, t.swap, t.seconds_held,
                   t.lots, t.symbol_id, t.side, t.price_digits, t.lot_digits)
                AND (NOT s.stated OR s.version_at <= t.close_time + t.source_lag * interval '1 millisecond'), false) AS same
FROM suspects s
JOIN trades t ON t.account_id = s.account_id AND t.ticket = s.ticket
WHERE t.close_time >= :since
  AND t.close_time < :until
  AND t.account_id BETWEEN :first_account AND :last_account
  AND t.ticket BETWEEN :first_ticket AND :last_ticket;

-- known_trades_by_key: The same for a few suspects: each is looked up by its key (OFFSET 0 keeps it so). A chunk that is
-- being filled has no statistics, and the join above would read all of it.
SELECT s.place,
       coalesce((s.close_time, s.open_price, s.price_move, s.profit, s.commission, s.swap, s.seconds_held,
                 s.lots, s.symbol_id, s.side, s.price_digits, s.lot_digits)
                = (t.close_time, t.open_price, t.price_move, t.profit, t.commission, t.swap, t.seconds_held,
                   t.lots, t.symbol_id, t.side, t.price_digits, t.lot_digits)
                AND (NOT s.stated OR s.version_at <= t.close_time + t.source_lag * interval '1 millisecond'), false) AS same
FROM suspects s
CROSS JOIN LATERAL (
    SELECT *
    FROM trades
    WHERE account_id = s.account_id
      AND ticket = s.ticket
      AND close_time >= :since
      AND close_time < :until
    OFFSET 0
) AS t;

-- revised_suspects: Suspects whose ticket has been corrected or cancelled before.
SELECT s.place
FROM suspects s
WHERE EXISTS (SELECT FROM trade_versions v WHERE v.account_id = s.account_id AND v.ticket = s.ticket);

-- copy_trades: New trades, straight into their chunks.
COPY trades (account_id, ticket, close_time, open_price, price_move, profit, commission, swap, seconds_held,
             lots, symbol_id, side, price_digits, lot_digits)
FROM STDIN (FORMAT binary);

-- copy_dated_trades: New trades of which the source says since when they hold.
COPY trades (account_id, ticket, close_time, open_price, price_move, profit, commission, swap, seconds_held,
             lots, symbol_id, side, price_digits, lot_digits, source_lag)
FROM STDIN (FORMAT binary);

-- raise_ticket_marks: Where the tickets of the accounts that got trades lie.
WITH loaded AS (
    SELECT *
    FROM unnest(CAST(:account_ids AS integer[]), CAST(:periods AS integer[]), CAST(:lowest AS bigint[]), CAST(:highest AS bigint[]))
        AS n (account_id, period, lowest, highest)
),
ranges AS (
    INSERT INTO ticket_ranges AS r (account_id, period, lowest, highest)
    SELECT account_id, period, lowest, highest
    FROM loaded
    ON CONFLICT (account_id, period) DO UPDATE
    SET lowest  = least(r.lowest, excluded.lowest),
        highest = greatest(r.highest, excluded.highest)
    WHERE excluded.lowest < r.lowest OR excluded.highest > r.highest
)
UPDATE accounts a
SET highest_ticket = n.highest
FROM (SELECT account_id, max(highest) AS highest FROM loaded GROUP BY account_id) AS n
WHERE a.account_id = n.account_id AND (a.highest_ticket IS NULL OR a.highest_ticket < n.highest);

-- create_suspect_snapshots: Equity snapshots that may be there already.
CREATE TEMPORARY TABLE suspect_snapshots (
    place      integer     NOT NULL,
    account_id integer     NOT NULL,
    time       timestamptz NOT NULL,
    balance    bigint      NOT NULL,
    equity     bigint      NOT NULL,
    margin     bigint
) ON COMMIT DROP;

-- copy_suspect_snapshots: Fill them.
COPY suspect_snapshots (place, account_id, time, balance, equity, margin) FROM STDIN (FORMAT binary);

-- copy_suspect_snapshots_without_margin: Fill them.
COPY suspect_snapshots (place, account_id, time, balance, equity) FROM STDIN (FORMAT binary);

-- analyze_suspect_snapshots: Their number decides how they are looked up.
ANALYZE suspect_snapshots;

-- known_snapshots: Suspects that are there, and whether with the same values.
SELECT s.place, (s.balance, s.equity, s.margin) IS NOT DISTINCT FROM (e.balance, e.equity, e.margin) AS same
FROM suspect_snapshots s
JOIN equity e ON e.account_id = s.account_id AND e.time = s.time
WHERE e.account_id BETWEEN :first_account AND :last_account
  AND e.time BETWEEN to_timestamp(:first_time) AND to_timestamp(:last_time);

-- copy_equity: New snapshots, straight into their chunks.
COPY equity (account_id, time, balance, equity, margin) FROM STDIN (FORMAT binary);

-- copy_equity_without_margin: New snapshots, straight into their chunks.
COPY equity (account_id, time, balance, equity) FROM STDIN (FORMAT binary);

-- raise_newest_snapshots: Marks of the accounts that got snapshots.
UPDATE accounts a
SET newest_snapshot = to_timestamp(n.mark)
FROM unnest(CAST(:account_ids AS integer[]), CAST(:marks AS bigint[])) AS n (account_id, mark)
WHERE a.account_id = n.account_id AND (a.newest_snapshot IS NULL OR a.newest_snapshot < to_timestamp(n.mark));

-- currencies: Decimals of each currency.
SELECT currency, digits FROM currencies ORDER BY currency;

-- known_zones: Time zones that the database knows.
SELECT name FROM pg_timezone_names WHERE name = ANY (CAST(:zones AS text[]));

-- known_plans: Plans by name; they keep still until the transaction ends.
SELECT p.plan, p.plan_id, p.currency, c.digits, p.initial_balance, p.profit_target, p.max_drawdown, p.max_drawdown_basis,
       p.max_drawdown_mode, p.daily_loss, p.daily_loss_basis, p.reset_time::text AS reset_time, p.time_zone,
       (p.consistency_limit * 10000)::bigint AS consistency_limit, (p.profit_split * 10000)::bigint AS profit_split,
       p.minimum_payout
FROM plans p
JOIN currencies c USING (currency)
WHERE p.plan = ANY (CAST(:plans AS text[]))
ORDER BY p.plan_id
FOR NO KEY UPDATE OF p;

-- create_incoming_plans: Plans that are new or changed.
CREATE TEMPORARY TABLE incoming_plans (
    plan text, currency text, initial_balance bigint, profit_target bigint, max_drawdown bigint, max_drawdown_basis text,
    max_drawdown_mode text, daily_loss bigint, daily_loss_basis text, reset_time time, time_zone text,
    consistency_limit bigint, profit_split bigint, minimum_payout bigint
) ON COMMIT DROP;

-- copy_incoming_plans: Fill them.
COPY incoming_plans (plan, currency, initial_balance, profit_target, max_drawdown, max_drawdown_basis, max_drawdown_mode,
                     daily_loss, daily_loss_basis, reset_time, time_zone, consistency_limit, profit_split, minimum_payout)
FROM STDIN (FORMAT csv);

-- merge_plans: Add or change plans.
INSERT INTO plans (plan, currency, initial_balance, profit_target, max_drawdown, max_drawdown_basis, max_drawdown_mode,
                   daily_loss, daily_loss_basis, reset_time, time_zone, consistency_limit, profit_split, minimum_payout)
SELECT plan, currency, initial_balance, profit_target, max_drawdown, max_drawdown_basis, max_drawdown_mode,
       daily_loss, daily_loss_basis, reset_time, time_zone, consistency_limit / 10000.0, profit_split / 10000.0,
       minimum_payout
FROM incoming_plans
ON CONFLICT (plan) DO UPDATE
SET initial_balance    = excluded.initial_balance,
    profit_target      = excluded.profit_target,
    max_drawdown       = excluded.max_drawdown,
    max_drawdown_basis = excluded.max_drawdown_basis,
    max_drawdown_mode  = excluded.max_drawdown_mode,
    daily_loss         = excluded.daily_loss,
    daily_loss_basis   = excluded.daily_loss_basis,
    reset_time         = excluded.reset_time,
    time_zone          = excluded.time_zone,
    consistency_limit  = excluded.consistency_limit,
    profit_split       = excluded.profit_split,
    minimum_payout     = excluded.minimum_payout;

-- accounts_of_plans: Accounts that changed plans concern.
SELECT a.account_id
FROM accounts a
JOIN plans p USING (plan_id)
WHERE p.plan = ANY (CAST(:plans AS text[]))
ORDER BY a.account_id;

-- known_accounts: Accounts by name, and no load of theirs until the transaction ends.
SELECT a.account, a.account_id, a.plan_id, a.phase, a.account_group, a.currency, a.currency_digits, a.initial_balance,
       extract(epoch FROM a.opened_at)::bigint AS opened_at,
       extract(epoch FROM a.closed_at)::bigint AS closed_at,
       a.status,
       p.reset_time::text                      AS reset_time,
       p.time_zone
FROM accounts a
JOIN plans p USING (plan_id)
WHERE a.account = ANY (CAST(:accounts AS text[]))
ORDER BY a.account_id
FOR NO KEY UPDATE OF a;

-- create_incoming_accounts: Accounts that are new or changed.
CREATE TEMPORARY TABLE incoming_accounts (
    account text, plan_id integer, phase text, account_group text, currency text, currency_digits smallint,
    initial_balance bigint, opened_at timestamptz, closed_at timestamptz, status text
) ON COMMIT DROP;

-- copy_incoming_accounts: Fill them.
COPY incoming_accounts (account, plan_id, phase, account_group, currency, currency_digits, initial_balance, opened_at,
                        closed_at, status)
FROM STDIN (FORMAT csv);

-- merge_accounts: Add or change accounts.
INSERT INTO accounts (account, plan_id, phase, account_group, currency, currency_digits, initial_balance, opened_at,
                      closed_at, status)
SELECT account, plan_id, phase, account_group, currency, currency_digits, initial_balance, opened_at, closed_at, status
FROM incoming_accounts
ON CONFLICT (account) DO UPDATE
SET plan_id         = excluded.plan_id,
    phase           = excluded.phase,
    account_group   = excluded.account_group,
    initial_balance = excluded.initial_balance,
    opened_at       = excluded.opened_at,
    closed_at       = excluded.closed_at,
    status          = excluded.status;

-- mark_account_days: Every day of some accounts is out of date: their rules or their first balance changed.
INSERT INTO stale_days (account_id, trading_day, of_trades, of_equity, of_operations)
SELECT account_id, trading_day, false, false, false
FROM daily_metrics
WHERE account_id = ANY (CAST(:account_ids AS integer[]))
ON CONFLICT (account_id, trading_day) DO UPDATE SET marked_at = excluded.marked_at;

-- mark_moved_days: Some accounts' trading days begin at another time now: the days their data falls on.
WITH moments AS (
    SELECT DISTINCT account_id, time_bucket(interval '5 minutes', close_time) AS moment
    FROM trades
    WHERE account_id = ANY (CAST(:account_ids AS integer[]))
    UNION
    SELECT DISTINCT account_id, time_bucket(interval '5 minutes', time)
    FROM equity
    WHERE account_id = ANY (CAST(:account_ids AS integer[]))
    UNION
    SELECT account_id, time
    FROM balance_operations
    WHERE account_id = ANY (CAST(:account_ids AS integer[]))
)
INSERT INTO stale_days (account_id, trading_day)
SELECT DISTINCT m.account_id, trading_day_of(m.moment, p.reset_time, p.time_zone)
FROM moments m
JOIN accounts a USING (account_id)
JOIN plans p USING (plan_id)
ON CONFLICT (account_id, trading_day) DO UPDATE
SET marked_at = excluded.marked_at, of_trades = true, of_equity = true, of_operations = true;

-- add_plan: The plan without limits, for accounts that only a statement tells of.
INSERT INTO plans (plan, currency, initial_balance)
VALUES (:plan, :currency, 0)
ON CONFLICT (plan) DO NOTHING;

-- add_account: An account that only a statement tells of.
INSERT INTO accounts (account, plan_id, account_group, currency, currency_digits, initial_balance, opened_at)
VALUES (:account, :plan_id, :account_group, :currency, :digits, :initial_balance, to_timestamp(:opened_at))
ON CONFLICT (account) DO NOTHING;

-- known_operations: Balance operations of an account by ticket.
SELECT ticket, extract(epoch FROM time)::bigint AS time, amount
FROM balance_operations
WHERE account_id = :account_id AND ticket = ANY (CAST(:tickets AS bigint[]));

-- merge_operations: Balance operations that are new, or that are known with other values.
INSERT INTO balance_operations (account_id, ticket, time, amount, comment)
SELECT :account_id, ticket, to_timestamp(time), amount, comment
FROM unnest(CAST(:tickets AS bigint[]), CAST(:times AS bigint[]), CAST(:amounts AS bigint[]), CAST(:comments AS text[]))
    AS o (ticket, time, amount, comment)
ON CONFLICT (account_id, ticket) DO UPDATE
SET time = excluded.time, amount = excluded.amount, comment = excluded.comment;

-- balance_until: An account's balance at a moment, in minor units.
SELECT a.initial_balance
       + coalesce((SELECT sum(t.profit + t.commission + t.swap) FROM trades t
                   WHERE t.account_id = a.account_id AND t.close_time <= to_timestamp(:until)), 0)
       + coalesce((SELECT sum(o.amount) FROM balance_operations o
                   WHERE o.account_id = a.account_id AND o.time <= to_timestamp(:until)), 0)
FROM accounts a
WHERE a.account_id = :account_id;

-- raise_positions_as_of: When the open positions of an account were last seen; no row when that was later.
UPDATE accounts
SET positions_as_of = to_timestamp(:as_of)
WHERE account_id = :account_id AND (positions_as_of IS NULL OR positions_as_of <= to_timestamp(:as_of));

-- remove_positions: Empty an account's open positions before newer ones come.
DELETE FROM open_positions WHERE account_id = :account_id;

-- add_positions: Open positions of a statement, but those that a later statement shows closed.
INSERT INTO open_positions (account_id, ticket, symbol_id, side, lots, lot_digits, price_digits, open_time, open_price,
                            commission, swap, profit, as_of)
SELECT :account_id, ticket, symbol_id, side, lots, lot_digits, price_digits, to_timestamp(open_time), open_price,
       commission, swap, profit, to_timestamp(:as_of)
FROM unnest(CAST(:tickets AS bigint[]), CAST(:symbol_ids AS smallint[]), CAST(:sides AS smallint[]),
            CAST(:lots AS integer[]), CAST(:lot_digits AS smallint[]), CAST(:price_digits AS smallint[]),
            CAST(:open_times AS bigint[]), CAST(:open_prices AS bigint[]), CAST(:commissions AS bigint[]),
            CAST(:swaps AS bigint[]), CAST(:profits AS bigint[]))
    AS o (ticket, symbol_id, side, lots, lot_digits, price_digits, open_time, open_price, commission, swap, profit)
WHERE NOT EXISTS (SELECT FROM trades t WHERE t.account_id = :account_id AND t.ticket = o.ticket);

-- remove_closed_positions: Positions that the statement just loaded shows closed.
DELETE FROM open_positions o
WHERE o.account_id = :account_id
  AND EXISTS (SELECT FROM trades t WHERE t.account_id = :account_id AND t.ticket = o.ticket);
