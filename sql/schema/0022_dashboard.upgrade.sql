-- The reading roles, and the schema dashboard: views that Grafana and other programs may rely on.

-- Roles belong to the whole server, so another database, even at this moment, may have made them already.
-- Switching to them takes membership; where that can be told apart, nothing is inherited by it.
DO $$
DECLARE
    reading text;
    may_not constant text := format(
        'The roles for reading are missing, or %1$I may not use them. Have an administrator run once: '
        'CREATE ROLE timeseries_reader NOLOGIN; CREATE ROLE timeseries_scoped_reader NOLOGIN; '
        'GRANT timeseries_reader, timeseries_scoped_reader TO %1$I; and then run `timeseries db upgrade` again '
        '(a role that exists already needs no CREATE ROLE).', current_user);
BEGIN
    FOREACH reading IN ARRAY ARRAY ['timeseries_reader', 'timeseries_scoped_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reading) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', reading);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        BEGIN
            IF current_setting('server_version_num')::integer >= 160000 THEN
                IF NOT pg_has_role(reading, 'SET') THEN
                    EXECUTE format('GRANT %I TO CURRENT_USER WITH SET TRUE, INHERIT FALSE', reading);
                END IF;
            ELSIF NOT pg_has_role(reading, 'MEMBER') THEN
                EXECUTE format('GRANT %I TO CURRENT_USER', reading);
            END IF;
        EXCEPTION
            WHEN unique_violation THEN NULL;
        END;
    END LOOP;
EXCEPTION
    WHEN insufficient_privilege THEN RAISE insufficient_privilege USING MESSAGE = may_not;
END
$$;

-- What a reader may see. A login in timeseries_scoped_reader sees the groups in the setting timeseries.groups;
-- everybody else sees what the grants allow.
CREATE SCHEMA visible;
COMMENT ON SCHEMA visible IS 'Stands before public on a scoped reader''s search path: only accounts of its groups.';

CREATE FUNCTION visible.everything() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NOT row_security_active('public.accounts'::regclass) OR NOT pg_has_role('timeseries_scoped_reader', 'USAGE');

-- Cohorts of these two names are no groups: one is the whole firm, the other the engine's own troubles.
CREATE FUNCTION visible.groups() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN array_remove(array_remove(nullif(current_setting('timeseries.groups', true), '')::text[], 'firm'), 'engine');

-- Every view below that shows accounts' data begins here.
CREATE VIEW visible.known_accounts WITH (security_barrier) AS
SELECT *
FROM public.accounts
WHERE (SELECT visible.everything())
   OR account_group = ANY ((SELECT visible.groups())::text[]);

-- TimescaleDB has no row-level security for columnstore hypertables and for aggregates, and a chunk of the others
-- takes over their grants but not their policies. So of all these a scoped reader is given the view and not the table.
CREATE VIEW visible.trades WITH (security_barrier) AS
SELECT t.* FROM public.trades t JOIN visible.known_accounts USING (account_id);

CREATE VIEW visible.equity WITH (security_barrier) AS
SELECT e.* FROM public.equity e JOIN visible.known_accounts USING (account_id);

CREATE VIEW visible.trades_5m WITH (security_barrier) AS
SELECT t.* FROM public.trades_5m t JOIN visible.known_accounts USING (account_id);

CREATE VIEW visible.trades_1d WITH (security_barrier) AS
SELECT t.* FROM public.trades_1d t JOIN visible.known_accounts USING (account_id);

CREATE VIEW visible.equity_5m WITH (security_barrier) AS
SELECT e.* FROM public.equity_5m e JOIN visible.known_accounts USING (account_id);

CREATE VIEW visible.equity_1d WITH (security_barrier) AS
SELECT e.* FROM public.equity_1d e JOIN visible.known_accounts USING (account_id);

CREATE VIEW visible.daily_metrics WITH (security_barrier) AS
SELECT m.* FROM public.daily_metrics m JOIN visible.known_accounts USING (account_id);

CREATE VIEW visible.forecasts WITH (security_barrier) AS
SELECT f.* FROM public.forecasts f JOIN visible.known_accounts USING (account_id);

CREATE VIEW visible.forecast_outcomes WITH (security_barrier) AS
SELECT o.* FROM public.forecast_outcomes o JOIN visible.known_accounts USING (account_id);

-- Findings and alerts of an account may name others, as one that was copied. Whom one may not see becomes "another account".
ALTER TABLE alerts ADD COLUMN counterparts text[] NOT NULL DEFAULT '{}'; -- other accounts that title and body may name
UPDATE alerts l
SET counterparts = ARRAY(
    SELECT DISTINCT jsonb_path_query(f.evidence, '$.counterparts[*].account') #>> '{}'
    FROM findings f
    WHERE f.account_id = l.account_id
)
WHERE 'copied' = ANY (subjects);

CREATE FUNCTION visible.without(said text, names text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY coalesce(names, '{}') LOOP
        said := regexp_replace(
            said,
            '(account )?(?<![[:alnum:]_])' || regexp_replace(name, '([^[:alnum:]])', '\\\1', 'g') || '(?![[:alnum:]_])',
            'another account', 'g');
    END LOOP;
    RETURN said;
END
$$;

CREATE VIEW visible.findings WITH (security_barrier) AS
SELECT f.finding_id, f.kind, f.account_id, f.cohort, f.trading_day, f.since, f.subject, f.detector, f.rule_version_id, f.pvalue,
       f.direction, f.seen, f.expected, f.at_stake, f.severity,
       visible.without(f.reason, h.names) AS reason,
       CASE
           WHEN h.names IS NULL THEN f.evidence
           ELSE jsonb_set(f.evidence, '{counterparts}',
                          (SELECT coalesce(jsonb_agg(c), '[]')
                           FROM jsonb_array_elements(f.evidence -> 'counterparts') AS c
                           WHERE c ->> 'account' <> ALL (h.names)))
       END                                AS evidence,
       f.scored_at
FROM public.findings f
LEFT JOIN visible.known_accounts a USING (account_id)
CROSS JOIN LATERAL (
    SELECT array_agg(c ->> 'account') AS names
    FROM jsonb_path_query(f.evidence, '$.counterparts[*]') AS c
    WHERE NOT (SELECT visible.everything())
      AND NOT EXISTS (SELECT FROM visible.known_accounts k WHERE k.account = c ->> 'account')
) AS h
WHERE a.account_id IS NOT NULL
   OR f.account_id IS NULL AND ((SELECT visible.everything()) OR f.cohort = ANY ((SELECT visible.groups())::text[]));

CREATE VIEW visible.alerts WITH (security_barrier) AS
SELECT l.alert_id, l.fingerprint, l.kind, l.account_id, l.trading_day, l.severity,
       visible.without(l.title, h.names) AS title,
       visible.without(l.body, h.names)  AS body,
       l.raised_at, l.cohort, l.subject, l.subjects, l.first_day, l.at_stake, l.seen, l.seen_on, l.state, l.resolution,
       l.acknowledged_at, l.acknowledged_by, l.resolved_at, l.label, l.labelled_at, l.labelled_by, l.note, l.escalated_at,
       l.changed_at
FROM public.alerts l
LEFT JOIN visible.known_accounts a USING (account_id)
CROSS JOIN LATERAL (
    SELECT array_agg(c) AS names
    FROM unnest(l.counterparts) AS c
    WHERE NOT (SELECT visible.everything())
      AND NOT EXISTS (SELECT FROM visible.known_accounts k WHERE k.account = c)
) AS h
WHERE a.account_id IS NOT NULL
   OR l.account_id IS NULL AND ((SELECT visible.everything()) OR l.cohort = ANY ((SELECT visible.groups())::text[]));

CREATE SCHEMA dashboard;
COMMENT ON SCHEMA dashboard IS 'The public contract: what Grafana and other programs may rely on. See docs/dashboard-views.md.';

CREATE VIEW dashboard.contract AS
SELECT 1 AS version;
COMMENT ON VIEW dashboard.contract IS 'The version grows when a view or column goes or means something else; additions leave it.';
