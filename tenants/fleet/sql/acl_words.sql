-- A word for what may be done in each of the schemas %(schemas)s, the same for the same
-- lists of rights: each list with %(roles)s, the tenants' roles in the same order,
-- written as one name.
SELECT s.nspname, md5(string_agg(s.relname || '=' || replace(s.acl, s.role, 'r'), ' '
                                 ORDER BY s.relname COLLATE "C"))
FROM (
    SELECT n.nspname, '' AS relname, coalesce(n.nspacl::text, '') AS acl, v.role
    FROM unnest(%(schemas)s::text[], %(roles)s::text[]) v(schema, role)
    JOIN pg_namespace n ON n.nspname = v.schema
    UNION ALL
    SELECT n.nspname, c.relname, coalesce(c.relacl::text, ''), v.role
    FROM unnest(%(schemas)s::text[], %(roles)s::text[]) v(schema, role)
    JOIN pg_namespace n ON n.nspname = v.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'S')
) s
GROUP BY s.nspname
