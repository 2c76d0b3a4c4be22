SELECT nspname, md5(string_agg(concat_ws(' ', place, name, text), E'\n'
                               ORDER BY place, name COLLATE "C", text COLLATE "C"))
FROM ({script}) AS script
WHERE %(tables)s::text[] IS NULL OR place > 0 GROUP BY nspname
