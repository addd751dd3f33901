-- forget_anomalies: Days that are scored again lose their earlier findings.
DELETE FROM anomalies
WHERE trading_day BETWEEN :since AND :until;

-- add_anomaly: Keep one finding.
INSERT INTO anomalies (account_id, trading_day, metric, detector, pvalue, direction, seen, expected, severity, reason)
VALUES (:account_id, :trading_day, :metric, :detector, :pvalue, :direction, :seen, :expected, :severity, :reason);
