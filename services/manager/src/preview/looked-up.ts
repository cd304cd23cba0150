import type { CompiledLookup, LookupAnswer, LookupKey, LookupReader } from '@lutra/mapping';
import type { TableDefinition } from '@lutra/model';

/** What look-ups of mappings have found for rows, in a form that goes from thread to thread. */
export interface LookedUp {
  /** By `lookupName`; null = there is none that the user may see. */
  readonly tables: ReadonlyMap<string, TableDefinition | null>;
  /** By {@link answerName}. */
  readonly answers: ReadonlyMap<string, LookupAnswer>;
}

export const NOTHING_LOOKED_UP: LookedUp = { tables: new Map(), answers: new Map() };

/** A reader that gives what was found before. */
export const readerOf = ({ answers }: LookedUp, mappingId: string): LookupReader => ({
  read: (lookup, keys) =>
    Promise.resolve(keys.map((key) => answers.get(answerName(mappingId, lookup, key)) ?? 'missing')),
});

export const answerName = (mappingId: string, { rule }: CompiledLookup, { text }: LookupKey): string =>
  JSON.stringify([mappingId, rule.name, text]);
