-- The statements that would make the schemas %(schemas)s as they are, one a row (or, if
-- %(tables)s are given, these tables of them): the
-- schema's name, the statement's place, what it is about, and its text. No text names
-- the schema. What a script cannot make has the place 0.
WITH spaces AS (
    SELECT oid, nspname, format('%%I.', nspname) AS prefix
    FROM pg_namespace WHERE nspname = ANY(%(schemas)s)
),
tables AS (
    SELECT c.oid, c.relname, s.nspname, s.prefix, c.reloptions, c.relpersistence
    FROM spaces s JOIN pg_class c ON c.relnamespace = s.oid
    WHERE c.relkind = 'r'
      AND (%(tables)s::text[] IS NULL OR c.relname = ANY(%(tables)s::text[]))
),
columns AS (
    SELECT a.attrelid,
        string_agg(
            format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod))
            || CASE WHEN a.attcollation <> t.typcollation
                    THEN format(' COLLATE %%I', k.collname) ELSE '' END
            || CASE WHEN a.attidentity = '' THEN '' ELSE format(
                    ' GENERATED %%s AS IDENTITY (SEQUENCE NAME %%I START %%s INCREMENT %%s'
                    ' MINVALUE %%s MAXVALUE %%s CACHE %%s %%s)',
                    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                    n.relname, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
                    CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) END
            || CASE WHEN d.oid IS NULL THEN ''
                    WHEN a.attgenerated = 's' THEN format(' GENERATED ALWAYS AS (%%s) STORED',
                        replace(pg_get_expr(d.adbin, d.adrelid, true), b.prefix, ''))
                    WHEN a.attgenerated = 'v' THEN format(' GENERATED ALWAYS AS (%%s) VIRTUAL',
                        replace(pg_get_expr(d.adbin, d.adrelid, true), b.prefix, ''))
                    ELSE ' DEFAULT '
                        || replace(pg_get_expr(d.adbin, d.adrelid, true), b.prefix, '') END
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
            ', ' ORDER BY a.attnum
        ) AS listed
    FROM tables b
    JOIN pg_attribute a ON a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation k ON k.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_depend p ON a.attidentity <> '' AND p.deptype = 'i'
        AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum
        AND p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
    LEFT JOIN pg_class n ON n.oid = p.objid AND n.relkind = 'S'
    LEFT JOIN pg_sequence q ON q.seqrelid = n.oid
    GROUP BY a.attrelid
),
-- PostgreSQL 18 counts NOT NULL among the constraints; it stands with its column.
-- No join comes after this: how many rows there are is not foreseen, and all would be
-- compared with all.
constraints AS (
    SELECT b.nspname, b.relname, r.conrelid, r.contype, r.conname, r.conindid,
        format('CONSTRAINT %%I %%s', r.conname,
               replace(pg_get_constraintdef(r.oid, true), b.prefix, '')) AS written
    FROM tables b JOIN pg_constraint r ON r.conrelid = b.oid
    WHERE r.contype IN ('p', 'u', 'c', 'x', 'f')
),
own AS (
    SELECT conrelid, string_agg(written, ', ' ORDER BY contype DESC, conname) AS listed
    FROM constraints WHERE contype <> 'f' GROUP BY conrelid
),
found AS (
    SELECT nspname, 1 AS place, relname AS name,
           format('CREATE %%sTABLE %%I (%%s)%%s',
                  CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, relname,
                  concat_ws(', ', columns.listed, own.listed),
                  CASE WHEN reloptions IS NULL THEN ''
                       ELSE format(' WITH (%%s)', array_to_string(reloptions, ', ')) END) AS text
    FROM tables LEFT JOIN columns ON attrelid = tables.oid LEFT JOIN own ON conrelid = tables.oid
    UNION ALL
    SELECT nspname, 2, conname, format('ALTER TABLE %%I ADD %%s', relname, written)
    FROM constraints WHERE contype = 'f'
    UNION ALL
    SELECT nspname, 3, c.relname, replace(pg_get_indexdef(i.indexrelid, 0, true), prefix, '')
    FROM tables b JOIN pg_index i ON i.indrelid = b.oid JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indisvalid AND i.indexrelid NOT IN (
        SELECT conindid FROM constraints WHERE contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT nspname, 4, relname || coalesce('.' || a.attname, ''),
           CASE WHEN a.attname IS NULL
                THEN format('COMMENT ON TABLE %%I IS %%L', relname, d.description)
                ELSE format('COMMENT ON COLUMN %%I.%%I IS %%L', relname, a.attname, d.description) END
    FROM tables b
    JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = b.oid
    LEFT JOIN pg_attribute a ON a.attrelid = b.oid AND a.attnum = d.objsubid AND d.objsubid > 0
    UNION ALL
    SELECT nspname, 0, c.relname, format('relation of the kind %%s', c.relkind)
    FROM spaces s JOIN pg_class c ON c.relnamespace = s.oid
    WHERE c.relkind NOT IN ('r', 'i', 'S', 't')
       OR (c.relkind = 'S' AND NOT EXISTS (
           SELECT FROM pg_depend p WHERE p.classid = 'pg_class'::regclass
           AND p.objid = c.oid AND p.deptype = 'i'))
    UNION ALL
    SELECT nspname, 0, c.relname, 'index that is not valid'
    FROM tables b JOIN pg_index i ON i.indrelid = b.oid JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT i.indisvalid
    UNION ALL
    SELECT nspname, 0, proname, 'function' FROM spaces s JOIN pg_proc ON pronamespace = s.oid
    UNION ALL
    SELECT nspname, 0, typname, 'type' FROM spaces s JOIN pg_type t ON typnamespace = s.oid
    WHERE typtype <> 'c' AND typcategory <> 'A'
    UNION ALL
    SELECT nspname, 0, tgname, 'trigger on ' || relname
    FROM tables b JOIN pg_trigger g ON g.tgrelid = b.oid WHERE NOT g.tgisinternal
    UNION ALL
    SELECT nspname, 0, polname, 'policy on ' || relname
    FROM tables b JOIN pg_policy p ON p.polrelid = b.oid
    UNION ALL
    SELECT nspname, 0, rulename, 'rule on ' || relname
    FROM tables b JOIN pg_rewrite w ON w.ev_class = b.oid
    UNION ALL
    SELECT nspname, 0, stxname, 'statistics on ' || relname
    FROM tables b JOIN pg_statistic_ext x ON x.stxrelid = b.oid
    UNION ALL
    SELECT nspname, 0, relname, 'child of another table'
    FROM tables b JOIN pg_inherits h ON h.inhrelid = b.oid
)
-- PostgreSQL writes the same condition in two ways, by whether it was written by hand or
-- read from a script; one of them is left.
SELECT nspname, place, name,
       replace(replace(text, '::character varying::text', '::character varying'),
               ']::text[])', '])') AS text
FROM found
