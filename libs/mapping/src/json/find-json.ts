import { JsonScanner, NoJson, unquoted } from './json-scanner.ts';
import type { JsonSpan } from './json-scanner.ts';

/** One step into a document. */
type JsonLeg = { readonly member: string } | { readonly element: number; readonly isFromLast: boolean };

/** A path such as `$.a."b c"[0][last-1]`, read once. */
export type JsonPath = readonly JsonLeg[];

/** A document is never deeper. */
const LEGS_MAX = 100;
const MEMBER = /\.(?:("(?:[^"\\]|\\.)*")|([^\s."'[\]*$@]+))/suy;
const ELEMENT = /\[(?:(\d{1,9})|last(?:-(\d{1,9}))?)\]/suy;

/** Null when the text is no path. Wildcards are none: they lead to several places. */
export function parseJsonPath(path: string): JsonPath | null {
  if (!path.startsWith('$')) return null;
  const legs: JsonLeg[] = [];
  for (let at = 1; at < path.length;) {
    if (legs.length === LEGS_MAX) return null;
    MEMBER.lastIndex = at;
    ELEMENT.lastIndex = at;
    const member = MEMBER.exec(path);
    const element = member === null ? ELEMENT.exec(path) : null;
    if (member !== null) {
      const name = member[2] ?? unquotedName(member[1] ?? '');
      if (name === null) return null;
      legs.push({ member: name });
      at = MEMBER.lastIndex;
    } else if (element !== null) {
      legs.push({ element: Number(element[1] ?? element[2] ?? 0), isFromLast: element[1] === undefined });
      at = ELEMENT.lastIndex;
    } else return null;
  }
  return legs;
}

function unquotedName(quoted: string): string | null {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return null;
  }
}

/**
 * What stands at the path: strings without quotes, numbers digit by digit as they are written, true and false as words,
 * objects and arrays as the JSON text that they are in the document. Null when the path leads nowhere, or to null.
 * `undefined` when the text is no JSON, wherever it is broken. Of members of one name the last one counts, as for MySQL.
 */
export function findJson(text: string, path: JsonPath): string | null | undefined {
  try {
    const scanner = new JsonScanner(text);
    let place: JsonSpan | null = scanner.whole();
    for (const leg of path) {
      place = step(scanner, place.start, leg);
      if (place === null) return null;
    }
    return plainText(text.slice(place.start, place.end));
  } catch (error) {
    if (error instanceof NoJson) return undefined;
    throw error;
  }
}

/**
 * The elements of a JSON array in order, each as {@link findJson} gives it. Null when it is JSON but no array; `undefined` when
 * it is none. Of a longer one the first `countMax`.
 */
export function jsonElements(
  text: string,
  countMax = Number.MAX_SAFE_INTEGER,
): readonly (string | null | undefined)[] | null | undefined {
  try {
    const scanner = new JsonScanner(text);
    const { start } = scanner.whole();
    if (text[start] !== '[') return null;
    const elements: (string | null | undefined)[] = [];
    scanner.parts(start, {
      element: (from, to) => {
        if (elements.length < countMax) elements.push(plainText(text.slice(from, to)));
      },
    });
    return elements;
  } catch (error) {
    if (error instanceof NoJson) return undefined;
    throw error;
  }
}

/** Whether the text is JSON; no deeper than MySQL takes it. */
export function isJson(text: string): boolean {
  try {
    new JsonScanner(text).whole();
    return true;
  } catch (error) {
    if (error instanceof NoJson) return false;
    throw error;
  }
}

function step(scanner: JsonScanner, from: number, leg: JsonLeg): JsonSpan | null {
  let found: JsonSpan | null = null;
  if ('member' in leg) {
    const { member } = leg;
    scanner.parts(from, {
      member: (name, start, end) => {
        if (name === member) found = { start, end };
      },
    });
    return found;
  }
  // Counted first where it is counted from the end: a document may have millions of elements, too many to be noted.
  const wanted = leg.isFromLast ? countElements(scanner, from) - 1 - leg.element : leg.element;
  let index = 0;
  scanner.parts(from, {
    element: (start, end) => {
      if (index === wanted) found = { start, end };
      index += 1;
    },
  });
  return found;
}

function countElements(scanner: JsonScanner, from: number): number {
  let count = 0;
  scanner.parts(from, {
    element: () => {
      count += 1;
    },
  });
  return count;
}

/** A string with half of a pair of surrogates is no text: what it means no server could store. */
function plainText(json: string): string | null | undefined {
  if (json === 'null') return null;
  if (!json.startsWith('"')) return json;
  const text = unquoted(json);
  return text.isWellFormed() ? text : undefined;
}
