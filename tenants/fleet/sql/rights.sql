-- What anybody but their owner may do with the schemas %(schemas)s and the relations in
-- them: the schema, the relation (empty for the schema itself), who (empty for
-- everybody), and the rights in one text.
SELECT place.nspname, place.relname, coalesce(r.rolname, ''),
       string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type COLLATE "C")
FROM (
    SELECT nspname, '' AS relname, nspowner AS owner, nspacl AS acl FROM pg_namespace
    UNION ALL
    SELECT n.nspname, c.relname, c.relowner, c.relacl
    FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
    WHERE c.relkind IN ('r', 'S')
) AS place
CROSS JOIN LATERAL aclexplode(place.acl) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE place.nspname = ANY(%(schemas)s) AND a.grantee <> place.owner
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
