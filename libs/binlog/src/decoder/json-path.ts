import { corrupt } from './byte-cursor.ts';

/** A step into a document: a member of an object, or a cell of an array counted from its beginning or from its last cell. */
export type JsonLeg = { readonly key: string } | { readonly cell: number; readonly isFromLast: boolean };

/** A document is never deeper, so no path is longer. */
const LEGS_MAX = 100;
const MEMBER = /\.(?:"((?:[^"\\]|\\.)*)"|([^."[\]]+))/suy;
const CELL = /\[(?:(\d{1,10})|last(?:-(\d{1,10}))?)\]/suy;

/** The steps of a path as MySQL logs it: `$.a."b c"[0][last-1]`. Throws SOURCE_EVENT_CORRUPT. */
export function parseJsonPath(path: string): JsonLeg[] {
  if (!path.startsWith('$')) throw badPath();
  const legs: JsonLeg[] = [];
  let at = 1;
  while (at < path.length) {
    if (legs.length === LEGS_MAX) throw badPath();
    MEMBER.lastIndex = at;
    const member = MEMBER.exec(path);
    if (member !== null) {
      legs.push({ key: member[2] ?? unquote(member[1] ?? '') });
      at = MEMBER.lastIndex;
      continue;
    }
    CELL.lastIndex = at;
    const cell = CELL.exec(path);
    if (cell === null) throw badPath();
    legs.push({ cell: Number(cell[1] ?? cell[2] ?? 0), isFromLast: cell[1] === undefined });
    at = CELL.lastIndex;
  }
  return legs;
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(`"${quoted}"`) as string;
  } catch {
    throw badPath();
  }
}

// The path itself may hold a customer's keys: it is not named.
const badPath = () => corrupt('a JSON path that cannot be read');
