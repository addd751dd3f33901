-- The firm: currencies, plans, accounts, symbols.
-- Money is kept in whole minor units of its currency (cents, yen); currencies.digits is the scale.

CREATE TABLE currencies (
    currency text     PRIMARY KEY CHECK (currency ~ '^[A-Z]{3,5}$'),
    digits   smallint NOT NULL CHECK (digits BETWEEN 0 AND 8)
);
COMMENT ON TABLE currencies IS 'Currencies money may be kept in, with the decimals of their minor unit. Add a row to admit another.';

INSERT INTO currencies (currency, digits)
VALUES ('USD', 2), ('EUR', 2), ('GBP', 2), ('CHF', 2), ('AUD', 2), ('CAD', 2), ('NZD', 2), ('SGD', 2),
       ('HKD', 2), ('ZAR', 2), ('PLN', 2), ('CZK', 2), ('SEK', 2), ('NOK', 2), ('DKK', 2), ('HUF', 2),
       ('MXN', 2), ('BRL', 2), ('INR', 2), ('AED', 2), ('CNH', 2), ('TRY', 2), ('THB', 2), ('USDT', 2), ('USDC', 2),
       ('JPY', 0), ('KRW', 0), ('VND', 0), ('CLP', 0), ('KWD', 3), ('BHD', 3), ('BTC', 8), ('ETH', 8);

CREATE TABLE symbols (
    symbol_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol    text     NOT NULL UNIQUE
);

CREATE TABLE plans (
    plan_id            integer  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan               text     NOT NULL UNIQUE,
    currency           text     NOT NULL REFERENCES currencies,
    initial_balance    bigint   NOT NULL CHECK (initial_balance >= 0),
    profit_target      bigint   CHECK (profit_target > 0),
    max_drawdown       bigint   CHECK (max_drawdown > 0),
    max_drawdown_basis text     NOT NULL DEFAULT 'equity' CHECK (max_drawdown_basis IN ('balance', 'equity')),
    max_drawdown_mode  text     NOT NULL DEFAULT 'static' CHECK (max_drawdown_mode IN ('static', 'trailing')),
    daily_loss         bigint   CHECK (daily_loss > 0),
    daily_loss_basis   text     NOT NULL DEFAULT 'equity' CHECK (daily_loss_basis IN ('balance', 'equity')),
    -- A trading day must begin on a 5-minute bucket, or no sum of buckets is a day.
    reset_time         time     NOT NULL DEFAULT '00:00'
        CHECK (extract(second FROM reset_time) = 0 AND extract(minute FROM reset_time)::integer % 5 = 0),
    time_zone          text     NOT NULL DEFAULT 'UTC',
    consistency_limit  numeric(5, 4) CHECK (consistency_limit > 0 AND consistency_limit <= 1)
);
COMMENT ON TABLE plans IS 'What a firm sells: size and rules. Money in minor units. reset_time in time_zone begins the trading day.';
COMMENT ON COLUMN plans.max_drawdown_basis IS 'What is watched: balance (closed trades only) or equity (open trades included).';
COMMENT ON COLUMN plans.max_drawdown_mode IS 'static: below the initial balance; trailing: below the highest value reached.';

CREATE TABLE accounts (
    account_id      integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account         text        NOT NULL UNIQUE,
    plan_id         integer     NOT NULL REFERENCES plans,
    phase           text        NOT NULL DEFAULT 'evaluation' CHECK (phase IN ('evaluation', 'verification', 'funded')),
    account_group   text,
    currency        text        NOT NULL REFERENCES currencies,
    currency_digits smallint    NOT NULL,
    initial_balance bigint      NOT NULL,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz CHECK (closed_at >= opened_at),
    status          text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'breached', 'passed', 'closed'))
);
COMMENT ON TABLE accounts IS 'Traders'' accounts. account is the firm''s own name for it; account_id only saves space.';
CREATE INDEX accounts_by_plan ON accounts (plan_id);

-- Minor units to an ordinary number, e.g. (12345, 2) -> 123.45.
CREATE FUNCTION as_money(minor_units bigint, digits smallint) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN round(minor_units * power(10::numeric, -digits::integer), digits);

-- The instant a trading day begins. A day whose reset is at noon or later begins on the evening before,
-- as forex counts it: with a 17:00 New York reset, Monday begins on Sunday at 17:00.
CREATE FUNCTION day_starts_at(trading_day date, reset_time time, time_zone text) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (trading_day - CASE WHEN reset_time >= '12:00' THEN 1 ELSE 0 END + reset_time) AT TIME ZONE time_zone;

-- The trading day an instant belongs to. The wall clock alone errs in the hour that daylight saving
-- repeats or skips, when the reset falls into it; comparing with the day's own limits mends that.
CREATE FUNCTION trading_day_of(moment timestamptz, reset_time time, time_zone text) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT CASE
                   WHEN moment < day_starts_at(guess, reset_time, time_zone) THEN guess - 1
                   WHEN moment >= day_starts_at(guess + 1, reset_time, time_zone) THEN guess + 1
                   ELSE guess
               END
        FROM (SELECT (moment AT TIME ZONE time_zone - reset_time
                      + CASE WHEN reset_time >= '12:00' THEN interval '1 day' ELSE interval '0' END)::date) AS wall_clock (guess)
    );
