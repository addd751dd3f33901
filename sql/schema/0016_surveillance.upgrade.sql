-- The rules of the trade: which parameters were in force when, and the news that some plans forbid to trade.

CREATE TABLE rule_versions (
    rule_version_id integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule            text        NOT NULL,
    version         integer     NOT NULL CHECK (version > 0),
    parameters      jsonb       NOT NULL,
    in_force_since  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (rule, version)
);
COMMENT ON TABLE rule_versions IS 'Every set of parameters a rule ever ran with; the highest version is in force. A finding names its own.';

CREATE TABLE news_events (
    time     timestamptz NOT NULL,
    currency text        NOT NULL CHECK (currency ~ '^[A-Z]{3,5}$'),
    title    text        NOT NULL CHECK (title <> ''),
    impact   text        NOT NULL DEFAULT 'high' CHECK (impact IN ('low', 'medium', 'high')),
    PRIMARY KEY (currency, time, title)
);
COMMENT ON TABLE news_events IS 'Announcements around which plans may forbid trading.';
CREATE INDEX news_events_by_time ON news_events (time);
