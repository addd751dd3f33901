-- create_revisions: The suspects that correct or cancel a trade, or whose ticket has a history.
CREATE TEMPORARY TABLE revisions ON COMMIT DROP AS
SELECT *
FROM suspects
WHERE place = ANY (CAST(:places AS integer[]));

-- analyze_revisions: Their number decides how they are looked up.
ANALYZE revisions;

-- keep_originals: A trade that is revised for the first time opens its ticket's history.
INSERT INTO trade_versions (account_id, ticket, stated, version_at, cancelled, close_time, open_price, price_move, profit,
                            commission, swap, seconds_held, lots, symbol_id, side, price_digits, lot_digits)
SELECT DISTINCT ON (t.account_id, t.ticket)
       t.account_id,
       t.ticket,
       t.source_lag IS NOT NULL,
       coalesce(t.close_time + t.source_lag * interval '1 millisecond', '-infinity'),
       false,
       t.close_time, t.open_price, t.price_move, t.profit, t.commission, t.swap, t.seconds_held,
       t.lots, t.symbol_id, t.side, t.price_digits, t.lot_digits
FROM revisions r
CROSS JOIN LATERAL (
    SELECT *
    FROM trades
    WHERE account_id = r.account_id
      AND ticket = r.ticket
      AND close_time >= :since
      AND close_time < :until
    OFFSET 0
) AS t
WHERE NOT EXISTS (SELECT FROM trade_versions v WHERE v.account_id = r.account_id AND v.ticket = r.ticket)
ON CONFLICT DO NOTHING;

-- create_before: What is in force before the revisions.
CREATE TEMPORARY TABLE before ON COMMIT DROP AS
SELECT DISTINCT ON (v.account_id, v.ticket) v.*
FROM (SELECT DISTINCT account_id, ticket FROM revisions) AS revised
JOIN trade_versions v USING (account_id, ticket)
ORDER BY v.account_id, v.ticket, v.stated DESC, v.version_at DESC;

-- tied_revisions: Revisions that contradict another version of the very same moment.
SELECT r.place
FROM revisions r
JOIN trade_versions v USING (account_id, ticket, stated, version_at)
WHERE (r.close_time, r.open_price, r.price_move, r.profit, r.commission, r.swap, r.seconds_held,
       r.lots, r.symbol_id, r.side, r.price_digits, r.lot_digits)
      IS DISTINCT FROM
      (v.close_time, v.open_price, v.price_move, v.profit, v.commission, v.swap, v.seconds_held,
       v.lots, v.symbol_id, v.side, v.price_digits, v.lot_digits)
UNION
SELECT r.place
FROM revisions r
JOIN (
    SELECT DISTINCT ON (account_id, ticket, stated, version_at) *
    FROM revisions
    ORDER BY account_id, ticket, stated, version_at, place
) AS e USING (account_id, ticket, stated, version_at)
WHERE NOT EXISTS (SELECT FROM trade_versions v
                  WHERE (v.account_id, v.ticket, v.stated, v.version_at) = (r.account_id, r.ticket, r.stated, r.version_at))
  AND (r.close_time, r.open_price, r.price_move, r.profit, r.commission, r.swap, r.seconds_held,
       r.lots, r.symbol_id, r.side, r.price_digits, r.lot_digits)
      IS DISTINCT FROM
      (e.close_time, e.open_price, e.price_move, e.profit, e.commission, e.swap, e.seconds_held,
       e.lots, e.symbol_id, e.side, e.price_digits, e.lot_digits);

-- drop_revisions: Leave the contradictory ones out.
DELETE FROM revisions WHERE place = ANY (CAST(:places AS integer[]));

-- hold_versions: An undated row that repeats what is in force adds nothing to the history; the version holds until then.
UPDATE trade_versions v
SET version_at = repeated.version_at
FROM (
    SELECT b.account_id, b.ticket, b.version_at AS held_since, max(r.version_at) AS version_at
    FROM before b
    JOIN revisions r USING (account_id, ticket)
    WHERE NOT b.stated
      AND NOT r.stated
      AND r.version_at > b.version_at
      AND (r.close_time, r.open_price, r.price_move, r.profit, r.commission, r.swap, r.seconds_held,
           r.lots, r.symbol_id, r.side, r.price_digits, r.lot_digits)
          IS NOT DISTINCT FROM
          (b.close_time, b.open_price, b.price_move, b.profit, b.commission, b.swap, b.seconds_held,
           b.lots, b.symbol_id, b.side, b.price_digits, b.lot_digits)
      AND NOT EXISTS (SELECT FROM revisions o
                      WHERE (o.account_id, o.ticket) = (r.account_id, r.ticket) AND o.place <> r.place)
    GROUP BY b.account_id, b.ticket, b.version_at
) AS repeated
WHERE v.account_id = repeated.account_id
  AND v.ticket = repeated.ticket
  AND NOT v.stated
  AND v.version_at = repeated.held_since;

-- keep_revisions: Every version goes into its ticket's history, whichever is in force.
INSERT INTO trade_versions (account_id, ticket, stated, version_at, cancelled, file_id, close_time, open_price, price_move,
                            profit, commission, swap, seconds_held, lots, symbol_id, side, price_digits, lot_digits)
SELECT DISTINCT ON (account_id, ticket, stated, version_at)
       account_id, ticket, stated, version_at, close_time IS NULL, :file_id, close_time, open_price, price_move,
       profit, commission, swap, seconds_held, lots, symbol_id, side, price_digits, lot_digits
FROM revisions
ORDER BY account_id, ticket, stated, version_at, place
ON CONFLICT (account_id, ticket, stated, version_at) DO NOTHING;

-- create_changes: Tickets of which something else is in force now, and the row that brought it.
CREATE TEMPORARY TABLE changes ON COMMIT DROP AS
WITH after AS (
    SELECT DISTINCT ON (v.account_id, v.ticket) v.*
    FROM (SELECT DISTINCT account_id, ticket FROM revisions) AS revised
    JOIN trade_versions v USING (account_id, ticket)
    ORDER BY v.account_id, v.ticket, v.stated DESC, v.version_at DESC
),
brought AS (
    SELECT account_id, ticket, stated, version_at, min(place) AS place
    FROM revisions
    GROUP BY account_id, ticket, stated, version_at
)
SELECT n.place,
       b.account_id IS NULL AS unknown,
       b.close_time         AS old_close_time,
       b.symbol_id          AS old_symbol_id,
       a.*
FROM after a
JOIN brought n USING (account_id, ticket, stated, version_at)
LEFT JOIN before b USING (account_id, ticket)
WHERE b.account_id IS NULL
   OR (a.close_time, a.open_price, a.price_move, a.profit, a.commission, a.swap, a.seconds_held,
       a.lots, a.symbol_id, a.side, a.price_digits, a.lot_digits)
      IS DISTINCT FROM
      (b.close_time, b.open_price, b.price_move, b.profit, b.commission, b.swap, b.seconds_held,
       b.lots, b.symbol_id, b.side, b.price_digits, b.lot_digits);

-- remove_replaced_trades: One by one with their whole key, so that a compressed chunk opens one batch for each.
DO $$
DECLARE
    replaced record;
BEGIN
    FOR replaced IN
        SELECT account_id, ticket, old_close_time, old_symbol_id
        FROM changes
        WHERE old_close_time IS NOT NULL
        ORDER BY old_close_time, account_id
    LOOP
        DELETE FROM trades
        WHERE symbol_id = replaced.old_symbol_id
          AND account_id = replaced.account_id
          AND ticket = replaced.ticket
          AND close_time = replaced.old_close_time;
    END LOOP;
END
$$;

-- add_changed_trades: What is in force takes their place.
INSERT INTO trades (account_id, ticket, close_time, open_price, price_move, profit, commission, swap, seconds_held, lots,
                    symbol_id, side, price_digits, lot_digits, source_lag)
SELECT account_id, ticket, close_time, open_price, price_move, profit, commission, swap, seconds_held, lots,
       symbol_id, side, price_digits, lot_digits,
       CASE WHEN stated THEN (extract(epoch FROM version_at - close_time) * 1000)::bigint END
FROM changes
WHERE close_time IS NOT NULL;

-- changes: What changed, for the marks of days and tickets; moments in UTC seconds.
SELECT place,
       ticket,
       unknown,
       extract(epoch FROM old_close_time)::bigint AS old_close,
       extract(epoch FROM close_time)::bigint     AS new_close
FROM changes
ORDER BY place;
