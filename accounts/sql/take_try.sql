-- Count a failed sign-in for one class of device before anything is compared, and return
-- how many there are now; no row where the password is disabled for that class.
UPDATE accounts_user
   SET failed_sign_ins = failed_sign_ins + (NOT %(is_known)s)::int,
       failed_known_sign_ins = failed_known_sign_ins + (%(is_known)s)::int
 WHERE id = %(user)s AND password_disabled_at IS NULL
   AND CASE WHEN %(is_known)s THEN failed_known_sign_ins ELSE failed_sign_ins END < %(most)s
RETURNING CASE WHEN %(is_known)s THEN failed_known_sign_ins ELSE failed_sign_ins END
