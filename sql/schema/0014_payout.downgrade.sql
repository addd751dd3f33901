DROP VIEW plain.plans;
ALTER TABLE plans
    DROP COLUMN profit_split,
    DROP COLUMN minimum_payout;

CREATE VIEW plain.plans AS
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
       p.consistency_limit
FROM plans p
JOIN currencies c USING (currency);
