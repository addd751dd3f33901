ALTER TABLE trades SET (
    timescaledb.segmentby = 'symbol_id',
    timescaledb.orderby = 'account_id, close_time'
);
