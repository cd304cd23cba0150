/** What a logged statement is to the borders of transactions. */
export type BorderStatement =
  'begin' | 'commit' | 'rollback' | 'savepoint' | 'rollbackTo' | 'xaStart' | 'xaCommit' | 'xaRollback' | 'pass';

/** Undefined for statements that are judged by what they change. The servers write borders without comments around them. */
export function borderOf(statement: string): BorderStatement | undefined {
  return BORDERS.find(([pattern]) => pattern.test(statement))?.[1];
}

const BORDERS: readonly (readonly [RegExp, BorderStatement])[] = [
  [/^BEGIN$/i, 'begin'],
  [/^COMMIT$/i, 'commit'],
  [/^ROLLBACK$/i, 'rollback'],
  [/^ROLLBACK\s+TO\s/i, 'rollbackTo'],
  [/^(?:SAVEPOINT|RELEASE\s+SAVEPOINT)\s/i, 'savepoint'],
  [/^XA\s+(?:START|BEGIN)\s/i, 'xaStart'],
  [/^XA\s+END\s/i, 'pass'],
  [/^XA\s+COMMIT\s/i, 'xaCommit'],
  [/^XA\s+ROLLBACK\s/i, 'xaRollback'],
];
