-- table: A table like the engine's, with its key, its index and its chunks.
CREATE TABLE trial (LIKE trades INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
SELECT create_hypertable('trial', by_range('close_time', interval '30 days'), create_default_indexes => false);
ALTER TABLE trial ADD PRIMARY KEY (account_id, ticket, close_time);
CREATE INDEX trial_by_time ON trial (close_time DESC);

-- drop: Away with it.
DROP TABLE trial;

-- rows: The trades in the order of the file, as the engine has understood them.
SELECT account_id, ticket, (extract(epoch FROM close_time) * 1000000)::bigint - 946684800000000 AS close_time, open_price,
       price_move, profit, commission, swap, seconds_held, lots, symbol_id, side, price_digits, lot_digits
FROM trades
WHERE account_id BETWEEN :first_account AND :last_account;

-- empty: Before the engine loads the file anew.
TRUNCATE trades, trade_versions, ticket_ranges, stale_days, rejected_rows, ingested_file_parts, ingested_files;

-- unmark: With the trades go the accounts' marks.
UPDATE accounts SET highest_ticket = NULL;

-- binary: Raw binary COPY.
COPY trial (account_id, ticket, close_time, open_price, price_move, profit, commission, swap, seconds_held, lots,
            symbol_id, side, price_digits, lot_digits)
FROM STDIN (FORMAT binary);

-- staging: As timescaledb-parallel-copy does with --on-conflict-do-nothing.
CREATE TEMPORARY TABLE staging (LIKE trial) ON COMMIT DROP;

-- text: Text COPY into it.
COPY staging (account_id, ticket, close_time, open_price, price_move, profit, commission, swap, seconds_held, lots,
              symbol_id, side, price_digits, lot_digits)
FROM STDIN (FORMAT csv);

-- merge: And on into the table.
INSERT INTO trial SELECT * FROM staging ON CONFLICT DO NOTHING;
