-- Count one hit in its window and return how many there are now; no row where the last
-- hit is too near.
INSERT INTO accounts_limitcounter (scope, key_hash, window_start, hits, last_hit_at)
VALUES (%(scope)s, %(key_hash)s, %(window_start)s, 1, %(now)s)
ON CONFLICT (scope, key_hash, window_start)
DO UPDATE SET hits = accounts_limitcounter.hits + 1, last_hit_at = %(now)s
 WHERE accounts_limitcounter.last_hit_at <= %(if_before)s
RETURNING hits
