import type { TargetStatement } from './target-statement.ts';

/**
 * The statement with foreign keys checked, which sessions otherwise do not: for this statement alone, so that nothing is left
 * behind when it fails. MariaDB reads the comment in front (SET STATEMENT, MariaDB KB "Executable comment syntax"), MySQL the
 * hint (MySQL manual, "Variable-Setting Hint Syntax"); to each the other's is a comment.
 */
export function checkingForeignKeys({ sql, parameters }: TargetStatement): TargetStatement {
  const hinted = sql.replace(/^(INSERT|UPDATE|DELETE)\b/, '$1 /*+ SET_VAR(foreign_key_checks=1) */');
  return { parameters, sql: `/*M! SET STATEMENT foreign_key_checks=1 FOR */ ${hinted}` };
}
