-- Spend one attempt of an open challenge, before anything is compared.
UPDATE accounts_challenge SET attempts_left = attempts_left - 1
 WHERE id = %(id)s AND flow_hash = %(flow_hash)s AND attempts_left > 0
   AND consumed_at IS NULL AND superseded_at IS NULL AND expires_at >= %(now)s
RETURNING salt, code_hash, attempts_left
