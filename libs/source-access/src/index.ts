export { keyText } from './key-text.ts';
export { readable, valueOf } from './raw-value.ts';
export { errnoOf, rowsByKey, sizesOf, tiedColumns } from './read-by-key.ts';
export type { KeyedRows } from './read-by-key.ts';
export { readGroups } from './read-groups.ts';
export type { AskedGroups, GroupReading, TakeGroup } from './read-groups.ts';
export { SourceAccess } from './source-access.ts';
export type { SourceAccessParts } from './source-access.ts';
