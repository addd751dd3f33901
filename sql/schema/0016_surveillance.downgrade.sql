DROP TABLE news_events;
DROP TABLE rule_versions;
