-- What anybody but their owner may do with the relations of the schemas %(schemas)s: the
-- schema, the relation, who (empty for everybody), and the rights in one text.
SELECT n.nspname, c.relname, coalesce(r.rolname, ''),
       string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type COLLATE "C")
FROM pg_namespace n
JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'S')
CROSS JOIN LATERAL aclexplode(c.relacl) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = ANY(%(schemas)s) AND a.grantee <> c.relowner
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
