-- vacuum: Clear away dead rows and renew statistics, where no autovacuum does it.
VACUUM (ANALYZE) daily_metrics, stale_days, accounts, ingested_files;

-- due_chunks: Chunks that their table's columnstore policy finds old enough, and that are not, or no longer, compressed.
SELECT format('%I.%I', c.chunk_schema, c.chunk_name) AS chunk
FROM timescaledb_information.chunks c
JOIN timescaledb_information.jobs j USING (hypertable_schema, hypertable_name)
JOIN _timescaledb_catalog.chunk k ON k.schema_name = c.chunk_schema AND k.table_name = c.chunk_name
WHERE j.proc_name IN ('policy_compression', 'policy_columnstore')
  AND c.range_end < now() - coalesce(j.config ->> 'after', j.config ->> 'compress_after')::interval
  AND (NOT c.is_compressed OR k.status & 8 = 8) -- 8: rows were added after it was compressed
ORDER BY c.range_start;

-- compress_chunk: Move one chunk to the columnstore.
CALL convert_to_columnstore(CAST(:chunk AS regclass), if_not_columnstore => true);

-- drop_old_chunks: Drop raw chunks past their retention.
SELECT drop_chunks('trades', older_than => now() - make_interval(days => :days))
UNION ALL
SELECT drop_chunks('equity', older_than => now() - make_interval(days => :days));

-- table_sizes: Weight and compression of the hypertables.
SELECT h.hypertable_name                                               AS "table",
       h.num_chunks::integer                                           AS chunks,
       coalesce(s.number_compressed_chunks, 0)::integer                AS compressed_chunks,
       coalesce(approximate_row_count(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass), 0)
       + coalesce((SELECT sum(z.numrows_pre_compression)
                   FROM _timescaledb_catalog.compression_chunk_size z
                   JOIN _timescaledb_catalog.chunk k ON k.id = z.chunk_id
                   JOIN _timescaledb_catalog.hypertable t ON t.id = k.hypertable_id
                   WHERE t.table_name = h.hypertable_name), 0)::bigint AS rows,
       s.before_compression_total_bytes::bigint                        AS before,
       s.after_compression_total_bytes::bigint                         AS after,
       coalesce(hypertable_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass), 0)::bigint AS total
FROM timescaledb_information.hypertables h
LEFT JOIN LATERAL hypertable_columnstore_stats(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) AS s ON true
WHERE h.hypertable_schema = 'public' AND h.hypertable_name IN ('trades', 'equity', 'daily_metrics')
ORDER BY h.hypertable_name DESC;
