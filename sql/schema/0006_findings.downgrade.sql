DROP TABLE alert_deliveries;
DROP TABLE alerts;
DROP TABLE forecasts;
DROP TABLE anomalies;
