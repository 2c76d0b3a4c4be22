-- The sequences of the entered schema.
SELECT relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S'
ORDER BY relname COLLATE "C"
