import type { TableName, TargetDdl } from '@lutra/model';
import { alterParts } from '@lutra/sql';

/** Behind ALTER TABLE: what takes rows away, or brings others, without events that tell of them. */
const VERBS = new Set(['TRUNCATE', 'DROP', 'EXCHANGE', 'DISCARD', 'IMPORT', 'CONVERT']);
const OBJECTS = new Set(['PARTITION', 'TABLESPACE', 'TABLE']);
const OR_REPLACE = /^\s*(?:\/\*[^]*?\*\/\s*)*create\s+or\s+replace\b/i;
const DROP = /^\s*(?:\/\*[^]*?\*\/\s*)*drop\b/i;

/**
 * Tables of the target whose rows go away by the statement or come to stand under another name, and no event of a row says
 * so. A table '' stands for all tables of its schema.
 */
export function tablesThatLoseRows({ kind, text, tables, ghost }: TargetDdl): readonly TableName[] {
  // Of a ghost only definitions are taken over.
  if (ghost !== null) return [];
  switch (kind) {
    case 'drop':
    case 'truncate':
    case 'rename':
      return tables;
    case 'database':
      return DROP.test(text) ? tables : [];
    case 'create':
      return OR_REPLACE.test(text) ? tables : [];
    case 'alter': {
      const parts = alterParts(text).map((words) => words.map((word) => word.toUpperCase()));
      return parts.some(([verb = '', what = '']) => VERBS.has(verb) && OBJECTS.has(what)) ? tables : [];
    }
    case 'index':
      return [];
  }
}

/** Tables of the target that the statement drops, or gives another name. */
export function tablesThatGo({ kind, tables, ghost }: TargetDdl): readonly TableName[] {
  if (ghost !== null) return [];
  if (kind === 'drop') return tables;
  return kind === 'rename' ? tables.filter((_, index) => index % 2 === 0) : [];
}
