ALTER TABLE accounts RESET (fillfactor);
DROP VIEW plain.trade_versions;
DROP TABLE ticket_ranges;
DROP TABLE trade_versions;
ALTER TABLE trades DROP COLUMN source_lag;
