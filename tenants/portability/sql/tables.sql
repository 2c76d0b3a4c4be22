-- The tables of the entered schema: name, columns as they stand, those of the primary
-- key, and those of its sequences. What the server makes up by itself is left out.
SELECT c.relname,
    (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = ''),
    (SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
     FROM pg_index i JOIN pg_attribute a
       ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey::int2[])
     WHERE i.indrelid = c.oid AND i.indisprimary),
    (SELECT array_agg(DISTINCT f.relname::text) FROM pg_constraint k
     JOIN pg_class f ON f.oid = k.confrelid
     WHERE k.conrelid = c.oid AND k.contype = 'f' AND NOT k.condeferrable
       AND k.confrelid <> c.oid)
FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
ORDER BY c.relname COLLATE "C"
