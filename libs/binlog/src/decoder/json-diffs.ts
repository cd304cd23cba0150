import { ByteCursor, corrupt } from './byte-cursor.ts';
import { textDecoderOf } from './charsets.ts';
import { parseJsonPath } from './json-path.ts';
import type { JsonLeg } from './json-path.ts';
import { JsonReader } from './json-reader.ts';
import type { JsonPlace } from './json-reader.ts';

const OPERATION = { REPLACE: 0, INSERT: 1, REMOVE: 2 } as const;
const decodeUtf8 = textDecoderOf('utf8mb4') as NonNullable<ReturnType<typeof textDecoderOf>>;

/** A part of a document that no diff has gone into yet: it is printed as it lies in its bytes. */
interface Leaf {
  readonly reader: JsonReader;
  readonly place: JsonPlace;
}
interface Branch {
  /** null for an array. */
  readonly keys: string[] | null;
  readonly children: Node[];
}
type Node = Leaf | Branch;

/**
 * The text of `document` (binary JSON) after the diffs that a partial update holds of it, as the server prints it. Only the
 * containers on the way to a change are taken apart; everything else keeps every digit because it is never a JS value.
 * Format: MySQL source documentation, json_diff.h: operation, path, and a document unless something is removed.
 * Throws SOURCE_EVENT_CORRUPT when a diff does not fit.
 */
export function applyJsonDiffs(document: Uint8Array, diffs: Uint8Array): string {
  const top: Branch = { keys: null, children: [leafOf(document)] };
  const cursor = new ByteCursor(diffs);
  while (cursor.at < cursor.end) applyDiff(top, cursor);
  return textOf(top.children[0] as Node);
}

function applyDiff(top: Branch, cursor: ByteCursor): void {
  const operation = cursor.uint8();
  const pathLength = cursor.packedLength();
  const pathAt = cursor.take(pathLength);
  const legs = parseJsonPath(decodeUtf8(cursor.bytes, pathAt, pathAt + pathLength));
  const last = legs.at(-1);
  const parent = last === undefined ? { holder: top, index: 0 } : walk(top, legs.slice(0, -1));
  switch (operation) {
    case OPERATION.REPLACE: {
      const { holder, index } = last === undefined ? parent : step(parent, last);
      holder.children[index] = leafOf(cursor.view8(cursor.packedLength()));
      return;
    }
    case OPERATION.INSERT:
      if (last === undefined) throw misfit();
      insert(open(parent), last, leafOf(cursor.view8(cursor.packedLength())));
      return;
    case OPERATION.REMOVE: {
      if (last === undefined) throw misfit();
      const { holder, index } = step(parent, last);
      if (holder === top) throw misfit();
      holder.children.splice(index, 1);
      holder.keys?.splice(index, 1);
      return;
    }
    default:
      throw corrupt('an unknown kind of JSON diff');
  }
}

/** A node by the branch that it hangs on. */
interface Spot {
  readonly holder: Branch;
  readonly index: number;
}

function walk(top: Branch, legs: readonly JsonLeg[]): Spot {
  return legs.reduce<Spot>(step, { holder: top, index: 0 });
}

function step(spot: Spot, leg: JsonLeg): Spot {
  const branch = openOrNull(spot);
  if ('key' in leg) {
    const index = branch?.keys?.indexOf(leg.key) ?? -1;
    if (branch === null || index < 0) throw misfit();
    return { holder: branch, index };
  }
  // The server sees a value that is no array as an array of itself.
  if (branch === null || branch.keys !== null) {
    if (leg.cell === 0) return spot;
    throw misfit();
  }
  const index = leg.isFromLast ? branch.children.length - 1 - leg.cell : leg.cell;
  if (index < 0 || index >= branch.children.length) throw misfit();
  return { holder: branch, index };
}

function insert(branch: Branch, leg: JsonLeg, value: Node): void {
  if ('key' in leg) {
    if (branch.keys === null || branch.keys.includes(leg.key)) throw misfit();
    const index = placeOfKey(branch.keys, leg.key);
    branch.keys.splice(index, 0, leg.key);
    branch.children.splice(index, 0, value);
    return;
  }
  if (branch.keys !== null) throw misfit();
  const { length } = branch.children;
  const index = leg.isFromLast ? Math.max(length - 1 - leg.cell, 0) : Math.min(leg.cell, length);
  branch.children.splice(index, 0, value);
}

/** MySQL keeps short keys before long ones, and keys of one length in the order of their bytes. */
function placeOfKey(keys: readonly string[], key: string): number {
  const bytes = Buffer.from(key, 'utf8');
  const index = keys.findIndex((other) => {
    const otherBytes = Buffer.from(other, 'utf8');
    return otherBytes.length === bytes.length ? otherBytes.compare(bytes) > 0 : otherBytes.length > bytes.length;
  });
  return index < 0 ? keys.length : index;
}

function open(spot: Spot): Branch {
  const branch = openOrNull(spot);
  if (branch === null) throw misfit();
  return branch;
}

/** Takes a container apart; null when the node is a scalar. */
function openOrNull({ holder, index }: Spot): Branch | null {
  const node = holder.children[index] as Node;
  if (!('reader' in node)) return node;
  const { reader, place } = node;
  const contents = reader.contents(place);
  if (contents === null) return null;
  const branch: Branch = { keys: contents.keys, children: contents.values.map((value) => ({ reader, place: value })) };
  holder.children[index] = branch;
  return branch;
}

function leafOf(document: Uint8Array): Leaf {
  const reader = new JsonReader(document);
  return { reader, place: reader.root };
}

function textOf(node: Node): string {
  if ('reader' in node) return node.reader.text(node.place);
  const { keys, children } = node;
  if (keys === null) return `[${children.map(textOf).join(', ')}]`;
  return `{${children.map((child, index) => `${JSON.stringify(keys[index])}: ${textOf(child)}`).join(', ')}}`;
}

const misfit = () => corrupt('a change of a JSON document that does not fit the document');
