import { compileMappings } from '@lutra/model';
import type { ForeignKeyMode } from '@lutra/model';
import { quoteName, quoteTable } from '@lutra/sql';
import type { TableName, TargetTable } from '@lutra/sql';
import type { Finding } from './finding.ts';
import { atTarget } from './finding.ts';
import type { PreCheckFacts, TablePair } from './pre-check-facts.ts';

interface ForeignKey {
  readonly name: string;
  /** As the server writes it, from FOREIGN KEY on. */
  readonly text: string;
  readonly columns: string;
  readonly parent: TableName;
  /** ON DELETE … and ON UPDATE … that change rows. */
  readonly actions: readonly string[];
}

/** Foreign keys of the target that change rows by themselves, or that refer to a table which this pipeline does not write. */
export function judgeForeignKeys(
  { source, target }: { readonly source: TargetTable; readonly target: TargetTable },
  { isMapped, mode }: { readonly isMapped: (name: TableName) => boolean; readonly mode: ForeignKeyMode },
): Finding[] {
  const theirs = foreignKeysOf(source);
  return foreignKeysOf(target).flatMap((key) => [
    ...judgeActions(key, target, theirs),
    ...(isMapped(key.parent) ? [] : [outside(key, target, mode)]),
  ]);
}

const subjectOf = ({ schema, table }: TargetTable, { name }: ForeignKey) =>
  ({ place: 'target', schema, table, name }) as const;

function judgeActions(key: ForeignKey, target: TargetTable, theirs: readonly ForeignKey[]): Finding[] {
  if (key.actions.length === 0) return [];
  const subject = subjectOf(target, key);
  const actions = key.actions.join(', ');
  const isAtSource = theirs.some((one) => one.columns === key.columns && one.actions.join() === key.actions.join());
  if (isAtSource) {
    const explanation = `${key.name} changes rows by itself (${actions}), as at the source: its tables are written in source order by one lane`;
    return [{ code: 'FOREIGN_KEY_CHANGES_ROWS', severity: 'info', subject, explanation, statements: [] }];
  }
  const explanation = `${key.name} changes rows by itself (${actions}), which the source does not: rows change or go at the target alone. The statements keep the key without that`;
  const name = quoteName(key.name);
  const kept = key.text.replaceAll(ACTION, '').trim();
  const statements = atTarget(
    `ALTER TABLE ${quoteTable(target)} DROP FOREIGN KEY ${name}`,
    `ALTER TABLE ${quoteTable(target)} ADD CONSTRAINT ${name} ${kept}`,
  );
  return [{ code: 'FOREIGN_KEY_CHANGES_ROWS', severity: 'warning', subject, explanation, statements }];
}

function outside(key: ForeignKey, target: TargetTable, mode: ForeignKeyMode): Finding {
  const parent = `${key.parent.schema}.${key.parent.table}`;
  const consequence =
    mode === 'trust'
      ? 'a row whose parent is missing there is written all the same (foreignKeys = trust)'
      : 'a row whose parent is missing there is refused (foreignKeys = verify)';
  return {
    code: 'FOREIGN_KEY_OUTSIDE',
    severity: 'warning',
    subject: subjectOf(target, key),
    explanation: `${key.name} refers to ${parent}, which this pipeline does not write: ${consequence}`,
    statements: atTarget(`ALTER TABLE ${quoteTable(target)} DROP FOREIGN KEY ${quoteName(key.name)}`),
  };
}

/** Where both sides write and neither checks, a parent may go at one side while its child comes at the other. */
export function judgeOrphans(
  pairs: readonly TablePair[],
  { definition, opposite }: Pick<PreCheckFacts, 'definition' | 'opposite'>,
): Finding[] {
  if (definition.parameters.foreignKeys !== 'trust') return [];
  const back = compileMappings(opposite.flatMap(({ mappings }) => mappings));
  const child = pairs.find(
    ({ target }) =>
      target !== null && foreignKeysOf(target).length > 0 && back.targetsOf(target.schema, target.table).length > 0,
  );
  if (child === undefined) return [];
  const { schema, table } = child.targetName;
  const explanation = `${schema}.${table} has foreign keys, and the channel goes both ways: a row may lose its parent to the other side (foreignKeys = trust). With verify such a row is refused instead`;
  const subject = { place: 'target', schema, table } as const;
  return [{ code: 'FOREIGN_KEY_ORPHANS', severity: 'warning', subject, explanation, statements: [] }];
}

const NAME = '`((?:[^`]|``)+)`';
const CONSTRAINT = new RegExp(`^CONSTRAINT ${NAME} (FOREIGN KEY \\(([^)]*)\\) REFERENCES (?:${NAME}\\.)?${NAME} .*)$`);
const ACTION = / ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL|SET DEFAULT)/g;

/** Read from the server's own statement for the table, which has them with all that belongs to them. */
export function foreignKeysOf({ schema, statement }: Pick<TargetTable, 'schema' | 'statement'>): readonly ForeignKey[] {
  return statement.split('\n').flatMap((line): ForeignKey[] => {
    const match = CONSTRAINT.exec(line.trim().replace(/,$/, ''));
    if (match === null) return [];
    const [, name = '', text = '', columns = '', parentSchema, parentTable = ''] = match;
    const plain = (quoted: string): string => quoted.replaceAll('``', '`');
    const parent = { schema: parentSchema === undefined ? schema : plain(parentSchema), table: plain(parentTable) };
    const actions = Array.from(text.matchAll(ACTION), ([action]) => action.trim()).sort();
    return [{ name: plain(name), text, columns: columns.toLowerCase(), parent, actions }];
  });
}
