import type { Identity, TableWriter } from '@lutra/sql';
import { touchedValues } from './group-rows.ts';
import type { WritableRow } from './planned-statement.ts';
import { hidesValues } from './refused-row.ts';

/** Which lane writes a row; 'several': it has to be written for all lanes together. */
export type LaneOfRow = number | 'several';

/**
 * The lane of a row depends on its target table (or the group of tables that foreign keys tie together), its key and the
 * number of lanes, and on nothing else: after a crash each lane finds its own rows again. A row belongs to several when
 * its key moves between lanes, or when a value that it has in some unique index cannot be told here, or made by the mapping. All rows of a table
 * of which that is always so belong to one lane.
 */
export function laneOf(row: WritableRow, lanes: number): LaneOfRow {
  if (lanes === 1) return 0;
  const { writer, change } = row;
  const { identities } = writer;
  if (identities === null) return laneOfIdentity(writer, '', lanes);
  if (change.refusal !== undefined && hidesValues(writer, change)) return 'several';
  const { key, others } = identities;
  const before = change.kind === 'insert' ? undefined : key.of(change.before);
  const after =
    change.kind === 'delete'
      ? before
      : change.kind === 'insert'
        ? key.ofInsert(change)
        : key.of(change.after, change.before);
  if (before === null || after === null || after === undefined) return 'several';
  if (others.length > 0 && touchedValues(others, row) === null) return 'several';
  const lane = laneOfIdentity(writer, after, lanes);
  if (before === undefined || before === after) return lane;
  return laneOfIdentity(writer, before, lanes) === lane ? lane : 'several';
}

function laneOfIdentity({ domain }: TableWriter, identity: Identity, lanes: number): number {
  return hash(identity, seedOf(domain)) % lanes;
}

const seeds = new Map<string, number>();
// As many tables as a session keeps in mind.
const SEEDS_MAX = 10_000;

function seedOf(domain: string): number {
  let seed = seeds.get(domain);
  if (seed !== undefined) return seed;
  seed = hash(domain, 0x811c9dc5);
  if (seeds.size >= SEEDS_MAX) seeds.clear();
  seeds.set(domain, seed);
  return seed;
}

const FNV_PRIME = 0x01000193;

/** FNV-1a over the UTF-16 units, or the two halves of a number, with the finish of MurmurHash3 (fmix32). */
function hash(identity: Identity, seed: number): number {
  let value = seed | 0;
  if (Number.isSafeInteger(identity)) {
    const number = Number(identity);
    value = Math.imul(value ^ (number | 0), FNV_PRIME);
    value = Math.imul(value ^ Math.floor(number / 4_294_967_296), FNV_PRIME);
  } else {
    const text = String(identity);
    for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), FNV_PRIME);
  }
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  value ^= value >>> 16;
  return value >>> 0;
}
