import type { SourceStatement, TableName } from '@lutra/model';

/** The name as the source knows it: one that folds names logs statements as they were typed. */
export const foldedName = ({ schema, table }: TableName, { foldsNames }: SourceStatement): TableName =>
  foldsNames === true ? { schema: schema.toLowerCase(), table: table.toLowerCase() } : { schema, table };

/** Whether the text holds these names in no other case: then a target that tells cases apart understands it too. */
export function isTypedAsKnown({ text, foldsNames }: SourceStatement, names: readonly string[]): boolean {
  if (foldsNames !== true) return true;
  const wanted = names.filter((name) => name !== '');
  return wanted.every((name) => {
    const literal = name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
    const pattern = new RegExp(`(?<!${LETTER})${literal}(?!${LETTER})`, 'giu');
    return [...text.matchAll(pattern)].every(([found]) => found === name);
  });
}

/** What a name without quotes is made of. */
const LETTER = String.raw`[\p{L}\p{N}_$]`;
