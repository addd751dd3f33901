-- Corrections and cancellations: what was known of a ticket, when, and which version is in force.

ALTER TABLE trades ADD COLUMN source_lag bigint;
COMMENT ON COLUMN trades.source_lag IS 'Milliseconds from the close to the moment the source gave for this version; null when it gave none.';

-- Every version of the tickets that were ever corrected or cancelled; trades holds the one in force, which is the
-- last by (stated, version_at). So a version the source dated is never undone by one it did not date.
CREATE TABLE trade_versions (
    account_id   integer     NOT NULL,
    ticket       bigint      NOT NULL,
    stated       boolean     NOT NULL, -- version_at is the source's own moment
    version_at   timestamptz NOT NULL, -- else: when its file was first seen; -infinity for what was there before the first correction
    cancelled    boolean     NOT NULL,
    close_time   timestamptz CHECK (cancelled = (close_time IS NULL)), -- a cancellation has no values
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
    lot_digits   smallint,
    file_id      bigint      REFERENCES ingested_files ON DELETE SET NULL, -- what brought it; null: unknown
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, ticket, stated, version_at)
);
COMMENT ON TABLE trade_versions IS 'All versions of corrected and cancelled trades. Read plain.trade_versions for ordinary numbers.';

-- Which tickets of an account closed in which 30 days (counted since 1970, as the chunks are). A ticket outside
-- all ranges is new; one inside is looked for in that chunk alone.
CREATE TABLE ticket_ranges (
    account_id integer NOT NULL,
    period     integer NOT NULL,
    lowest     bigint  NOT NULL,
    highest    bigint  NOT NULL,
    PRIMARY KEY (account_id, period)
) WITH (fillfactor = 70); -- rows are widened all the time, and stay on their page
INSERT INTO ticket_ranges
SELECT account_id, floor(extract(epoch FROM close_time) / 2592000)::integer, min(ticket), max(ticket)
FROM trades
GROUP BY 1, 2;

-- Every batch raises the marks of its accounts; with room on the page that touches no index.
ALTER TABLE accounts SET (fillfactor = 70);

CREATE VIEW plain.trade_versions AS
SELECT a.account,
       v.ticket,
       CASE WHEN v.stated THEN v.version_at END                      AS updated_at,
       v.recorded_at,
       f.name                                                        AS file,
       v.cancelled,
       row_number() OVER (PARTITION BY v.account_id, v.ticket ORDER BY v.stated DESC, v.version_at DESC) = 1 AS in_force,
       s.symbol,
       CASE v.side WHEN 1 THEN 'buy' WHEN -1 THEN 'sell' END         AS side,
       as_money(v.lots, v.lot_digits)                                AS lots,
       v.close_time - make_interval(secs => v.seconds_held)          AS open_time,
       v.close_time,
       as_money(v.open_price, v.price_digits)                        AS open_price,
       as_money(v.open_price + v.price_move, v.price_digits)         AS close_price,
       as_money(v.commission, a.currency_digits)                     AS commission,
       as_money(v.swap, a.currency_digits)                           AS swap,
       as_money(v.profit, a.currency_digits)                         AS profit,
       as_money(v.profit + v.commission + v.swap, a.currency_digits) AS net_profit
FROM trade_versions v
JOIN accounts a USING (account_id)
LEFT JOIN symbols s USING (symbol_id)
LEFT JOIN ingested_files f USING (file_id);
