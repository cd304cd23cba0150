/** For how long the server keeps a session that says nothing. */
export const IDLE_S = 60;

/**
 * Everything that changes what a statement means is set for the session and never inherited from the server. sql_mode:
 * strict, so that no value is bent silently; zero dates and days that a month does not have are allowed, a source may hold
 * them; an id of 0 stays 0; no NO_BACKSLASH_ESCAPES, since literals escape by backslash. Foreign keys were checked at the
 * source.
 * A session that hangs must not hold locks for long: it is gone after {@link IDLE_S}, and gives up waiting after 10 s.
 */
export const SESSION_SETUP: readonly string[] = [
  'SET NAMES utf8mb4',
  "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION', " +
    `time_zone = '+00:00', wait_timeout = ${String(IDLE_S)}, interactive_timeout = ${String(IDLE_S)}, ` +
    'innodb_lock_wait_timeout = 10, lock_wait_timeout = 10, ' +
    'foreign_key_checks = 0, unique_checks = 1, autocommit = 0',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];
