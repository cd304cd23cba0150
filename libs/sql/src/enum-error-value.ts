import type { RowImage } from '@lutra/model';
import { keyCondition } from './row-statement.ts';
import { quoteText } from './sql-text.ts';
import type { TableWriter, WrittenColumn } from './table-writer.ts';
import type { TargetInfo } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** The modes of session-setup.ts without the strict one. */
const LENIENT = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION';
/** The first label, as the server prints the type: a quote stands twice. */
const FIRST_LABEL = /^enum\('((?:[^']|'')*)'/i;

/** A column that is to hold the error value, and a label that may stand there until it does. */
export interface ErrorValueColumn {
  readonly column: WrittenColumn;
  readonly standIn: string;
}

/**
 * The columns of the image that hold an ENUM's error value (index 0, which a server stores for what is no label while it is
 * not strict), where it can be written: the row has a key, and no unique index, the key included, holds the column.
 */
export function errorValueColumns(writer: TableWriter, image: RowImage): readonly ErrorValueColumn[] {
  if (writer.key.length === 0) return [];
  return writer.columns.flatMap((column) => {
    if (column.definition.kind !== 'enum' || image[column.position] !== '') return [];
    // Otherwise it may be the label of no letters.
    if (column.definition.labels?.includes('') !== false) return [];
    const label = FIRST_LABEL.exec(column.target.columnType)?.[1]?.replaceAll("''", "'");
    const name = column.name.toLowerCase();
    const isUnique = writer.target.uniqueKeys.some(({ columns }) => columns.includes(name));
    return label === undefined || label === '' || isUnique ? [] : [{ column, standIn: label }];
  });
}

/**
 * Gives the row of the image's key the error value. Strict mode takes no literal for it, so this statement alone runs without;
 * it assigns nothing but these columns, and the session stays as it is.
 */
export function errorValueStatement(writer: TableWriter, { image, columns, kind }: ErrorValueUpdate): TargetStatement {
  const mode = quoteText(LENIENT);
  const [before, hint] =
    kind === 'mariadb' ? [`SET STATEMENT sql_mode=${mode} FOR `, ''] : ['', `/*+ SET_VAR(sql_mode=${mode}) */ `];
  const assignments = columns.map(({ column }) => `${column.quoted}=0`);
  for (const { quoted } of writer.keptColumns) assignments.push(`${quoted}=${quoted}`);
  return {
    sql: `${before}UPDATE ${hint}${writer.quoted} SET ${assignments.join(',')} WHERE ${keyCondition(writer, image)}`,
  };
}

interface ErrorValueUpdate {
  /** Holds the key under which the row stands. */
  readonly image: RowImage;
  readonly columns: readonly ErrorValueColumn[];
  readonly kind: TargetInfo['kind'];
}
