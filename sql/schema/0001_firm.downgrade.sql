DROP FUNCTION trading_day_of(timestamptz, time, text);
DROP FUNCTION day_starts_at(date, time, text);
DROP FUNCTION as_money(bigint, smallint);
DROP TABLE accounts;
DROP TABLE plans;
DROP TABLE symbols;
DROP TABLE currencies;
