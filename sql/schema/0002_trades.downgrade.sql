DROP TABLE balance_operations;
DROP TABLE open_positions;
DROP TABLE trades;
