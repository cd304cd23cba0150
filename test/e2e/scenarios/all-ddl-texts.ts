import type { DatabaseKind } from '@lutra/model';
import { DDL_CHANGES } from './ddl-changes.ts';
import { DDL_CREATES } from './ddl-creates.ts';
import { DDL_MOVES } from './ddl-moves.ts';
import type { DdlText } from './ddl-text.ts';

/** Every text of schema statements, in the order in which they run. */
export const ALL_DDL_TEXTS: readonly DdlText[] = [...DDL_CREATES, ...DDL_CHANGES, ...DDL_MOVES];

export const ddlTextsFor = (kind: DatabaseKind): readonly DdlText[] =>
  ALL_DDL_TEXTS.filter(({ only }) => only === undefined || only === kind);
