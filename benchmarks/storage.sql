-- tools: What the other blocks need, made once in the scratch database.
CREATE FUNCTION lay_out(segmentby text, orderby text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE trial SET (timescaledb.enable_columnstore, timescaledb.segmentby = %L, timescaledb.orderby = %L)',
        segmentby, orderby);
END $$;

-- Bytes of every column of the compressed chunks, the batches' own marks included.
CREATE FUNCTION column_bytes(hypertable text) RETURNS TABLE (column_name text, bytes bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    batches regclass;
BEGIN
    FOR batches IN
        SELECT format('%I.%I', compressed.schema_name, compressed.table_name)
        FROM _timescaledb_catalog.hypertable h
        JOIN _timescaledb_catalog.chunk c ON c.hypertable_id = h.id
        JOIN _timescaledb_catalog.chunk compressed ON compressed.id = c.compressed_chunk_id
        WHERE h.table_name = hypertable
    LOOP
        FOR column_name IN
            SELECT attname FROM pg_attribute WHERE attrelid = batches AND attnum > 0 AND NOT attisdropped
        LOOP
            EXECUTE format('SELECT coalesce(sum(pg_column_size(%I)), 0) FROM %s', column_name, batches) INTO bytes;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$;

-- still: No policy may run while something is measured.
SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs;

-- without_sparse_indexes: For this transaction, no blooms and no ranges of unordered columns beside the batches.
SET LOCAL timescaledb.auto_sparse_indexes = off;

-- integers_table: The engine's own table under another name.
CREATE TABLE trial (LIKE trades INCLUDING ALL);

-- integers_fill: Its rows.
INSERT INTO trial SELECT * FROM trades;

-- integers_hypertable: In chunks of so many days.
SELECT create_hypertable('trial', by_range('close_time', make_interval(days => :days)), create_default_indexes => false);

-- integers_read: One account's trades of a month.
SELECT * FROM trial WHERE account_id = :account_id AND close_time >= :since AND close_time < :until;

-- doubles_table: The usual advice: ordinary numbers, both times in full.
CREATE TABLE trial (
    close_time  timestamptz      NOT NULL,
    open_time   timestamptz      NOT NULL,
    account_id  integer          NOT NULL,
    ticket      bigint           NOT NULL,
    symbol_id   smallint         NOT NULL,
    side        smallint         NOT NULL,
    lots        double precision NOT NULL,
    open_price  double precision NOT NULL,
    close_price double precision NOT NULL,
    profit      double precision NOT NULL,
    commission  double precision NOT NULL,
    swap        double precision NOT NULL,
    PRIMARY KEY (account_id, ticket, close_time)
);
CREATE INDEX ON trial (close_time DESC);

-- doubles_fill: The same trades in ordinary numbers.
INSERT INTO trial
SELECT t.close_time,
       t.close_time - make_interval(secs => t.seconds_held),
       t.account_id,
       t.ticket,
       t.symbol_id,
       t.side,
       t.lots / 10.0 ^ t.lot_digits,
       t.open_price / 10.0 ^ t.price_digits,
       (t.open_price + t.price_move) / 10.0 ^ t.price_digits,
       t.profit / 10.0 ^ a.currency_digits,
       t.commission / 10.0 ^ a.currency_digits,
       t.swap / 10.0 ^ a.currency_digits
FROM trades t
JOIN accounts a USING (account_id);

-- doubles_hypertable: In chunks of so many days.
SELECT create_hypertable('trial', by_range('close_time', make_interval(days => :days)), create_default_indexes => false);

-- doubles_read: One account's trades of a month.
SELECT * FROM trial WHERE account_id = :account_id AND close_time >= :since AND close_time < :until;

-- seconds_table: The engine's columns, the close in whole seconds since 1970.
CREATE TABLE trial (
    close_second integer  NOT NULL,
    ticket       bigint   NOT NULL,
    open_price   bigint   NOT NULL,
    price_move   bigint   NOT NULL,
    profit       bigint   NOT NULL,
    commission   bigint   NOT NULL,
    swap         bigint   NOT NULL,
    account_id   integer  NOT NULL,
    seconds_held integer  NOT NULL,
    lots         integer  NOT NULL,
    symbol_id    smallint NOT NULL,
    side         smallint NOT NULL,
    price_digits smallint NOT NULL,
    lot_digits   smallint NOT NULL,
    source_lag   bigint,
    PRIMARY KEY (account_id, ticket, close_second, symbol_id)
);
CREATE INDEX ON trial (close_second DESC);

-- seconds_fill: The same trades.
INSERT INTO trial
SELECT extract(epoch FROM close_time)::integer, ticket, open_price, price_move, profit, commission, swap,
       account_id, seconds_held, lots, symbol_id, side, price_digits, lot_digits, source_lag
FROM trades;

-- seconds_hypertable: In chunks of so many days.
SELECT create_hypertable('trial', by_range('close_second', CAST(:days AS bigint) * 86400), create_default_indexes => false);

-- seconds_read: One account's trades of a month.
SELECT *
FROM trial
WHERE account_id = :account_id
  AND close_second >= extract(epoch FROM CAST(:since AS timestamptz))::integer
  AND close_second < extract(epoch FROM CAST(:until AS timestamptz))::integer;

-- derived_table: Besides, the side as a boolean, and the profit as what a point is worth and what that leaves over.
CREATE TABLE trial (
    close_second integer  NOT NULL,
    ticket       bigint   NOT NULL,
    open_price   bigint   NOT NULL,
    price_move   bigint   NOT NULL,
    point_value  bigint   NOT NULL,
    profit_rest  bigint   NOT NULL,
    commission   bigint   NOT NULL,
    swap         bigint   NOT NULL,
    account_id   integer  NOT NULL,
    seconds_held integer  NOT NULL,
    lots         integer  NOT NULL,
    symbol_id    smallint NOT NULL,
    price_digits smallint NOT NULL,
    lot_digits   smallint NOT NULL,
    buy          boolean  NOT NULL,
    source_lag   bigint,
    PRIMARY KEY (account_id, ticket, close_second, symbol_id)
);
CREATE INDEX ON trial (close_second DESC);

-- derived_fill: The same trades; profit = side * price_move * lots * point_value / 1000 + profit_rest, exactly.
INSERT INTO trial
SELECT extract(epoch FROM t.close_time)::integer, t.ticket, t.open_price, t.price_move, v.point_value,
       t.profit - t.side * t.price_move * t.lots * v.point_value / 1000, t.commission, t.swap,
       t.account_id, t.seconds_held, t.lots, t.symbol_id, t.price_digits, t.lot_digits, t.side = 1, t.source_lag
FROM trades t
CROSS JOIN LATERAL (
    SELECT coalesce(round(t.profit * 1000.0 / nullif(t.side * t.price_move * t.lots, 0)), 0)::bigint
) AS v (point_value);

-- derived_hypertable: In chunks of so many days.
SELECT create_hypertable('trial', by_range('close_second', CAST(:days AS bigint) * 86400), create_default_indexes => false);

-- derived_read: One account's trades of a month.
SELECT *
FROM trial
WHERE account_id = :account_id
  AND close_second >= extract(epoch FROM CAST(:since AS timestamptz))::integer
  AND close_second < extract(epoch FROM CAST(:until AS timestamptz))::integer;

-- rates_table: Besides, the commission as its rate for a lot and the rest, and no swap where it is zero.
CREATE TABLE trial (
    close_second    integer  NOT NULL,
    ticket          bigint   NOT NULL,
    open_price      bigint   NOT NULL,
    price_move      bigint   NOT NULL,
    point_value     bigint   NOT NULL,
    profit_rest     bigint   NOT NULL,
    commission_rate bigint   NOT NULL,
    commission_rest bigint   NOT NULL,
    swap            bigint,
    account_id      integer  NOT NULL,
    seconds_held    integer  NOT NULL,
    lots            integer  NOT NULL,
    symbol_id       smallint NOT NULL,
    price_digits    smallint NOT NULL,
    lot_digits      smallint NOT NULL,
    buy             boolean  NOT NULL,
    source_lag      bigint,
    PRIMARY KEY (account_id, ticket, close_second, symbol_id)
);
CREATE INDEX ON trial (close_second DESC);

-- rates_fill: The same trades; commission = lots * commission_rate / 1000 + commission_rest, exactly.
INSERT INTO trial
SELECT extract(epoch FROM t.close_time)::integer, t.ticket, t.open_price, t.price_move, v.point_value,
       t.profit - t.side * t.price_move * t.lots * v.point_value / 1000, v.commission_rate,
       t.commission - t.lots * v.commission_rate / 1000, nullif(t.swap, 0), t.account_id, t.seconds_held,
       t.lots, t.symbol_id, t.price_digits, t.lot_digits, t.side = 1, t.source_lag
FROM trades t
CROSS JOIN LATERAL (
    SELECT coalesce(round(t.profit * 1000.0 / nullif(t.side * t.price_move * t.lots, 0)), 0)::bigint,
           round(t.commission * 1000.0 / t.lots)::bigint
) AS v (point_value, commission_rate);

-- rates_hypertable: In chunks of so many days.
SELECT create_hypertable('trial', by_range('close_second', CAST(:days AS bigint) * 86400), create_default_indexes => false);

-- rates_read: One account's trades of a month.
SELECT *
FROM trial
WHERE account_id = :account_id
  AND close_second >= extract(epoch FROM CAST(:since AS timestamptz))::integer
  AND close_second < extract(epoch FROM CAST(:until AS timestamptz))::integer;

-- engine_read: One account's trades of a month from the engine's own table.
SELECT * FROM trades WHERE account_id = :account_id AND close_time >= :since AND close_time < :until;

-- lay_out: How the trial is compressed.
SELECT lay_out(:segmentby, :orderby);

-- chunks: All chunks of a table.
SELECT chunk::text FROM show_chunks(CAST(:hypertable AS regclass)) AS chunk;

-- compress_chunk: Move one to the columnstore.
SELECT compress_chunk(CAST(:chunk AS regclass));

-- settle_trial: Statistics as autovacuum would leave them.
VACUUM (ANALYZE) trial;

-- settle_trades: Statistics as autovacuum would leave them.
VACUUM (ANALYZE) trades;

-- size: What a table weighs, indexes and TOAST included; how many chunks it has.
SELECT hypertable_size(CAST(:hypertable AS regclass)) AS bytes,
       (SELECT count(*) FROM show_chunks(CAST(:hypertable AS regclass))) AS chunks;

-- columns: Bytes of every column, the largest first.
SELECT column_name, sum(bytes)::bigint AS bytes FROM column_bytes(:hypertable) GROUP BY column_name ORDER BY bytes DESC;

-- account_months: Random accounts that traded, each with a month it traded in.
SELECT account_id, since, (since AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC' AS until
FROM (SELECT DISTINCT account_id, date_trunc('month', close_time, 'UTC') AS since FROM trades) AS traded
ORDER BY hashint8(account_id * 1000003::bigint + extract(month FROM since)::bigint)
LIMIT :months;

-- drop_trial: Room for the next.
DROP TABLE trial;
