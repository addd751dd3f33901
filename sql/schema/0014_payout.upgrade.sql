-- What a trader is paid of the profit, and from which amount on.

ALTER TABLE plans
    ADD COLUMN profit_split   numeric(5, 4) CHECK (profit_split > 0 AND profit_split <= 1),
    ADD COLUMN minimum_payout bigint        CHECK (minimum_payout > 0);
COMMENT ON COLUMN plans.profit_split IS 'The trader''s share of the profit of a funded account; null: nothing is paid out.';
COMMENT ON COLUMN plans.minimum_payout IS 'Smallest payout to the trader, in minor units; null: any.';

CREATE OR REPLACE VIEW plain.plans AS
SELECT p.plan,
       p.currency,
       as_money(p.initial_balance, c.digits) AS initial_balance,
       as_money(p.profit_target, c.digits)   AS profit_target,
       as_money(p.max_drawdown, c.digits)    AS max_drawdown,
       p.max_drawdown_basis,
       p.max_drawdown_mode,
       as_money(p.daily_loss, c.digits)      AS daily_loss,
       p.daily_loss_basis,
       p.reset_time,
       p.time_zone,
       p.consistency_limit,
       p.profit_split,
       as_money(p.minimum_payout, c.digits)  AS minimum_payout
FROM plans p
JOIN currencies c USING (currency);
