import { containsTransaction, coversDone, intersectDone, unionDone } from './gtid-set.ts';
import type { InsidePlace, Place } from './place.ts';

/**
 * What is done when both are: the place of a lane that had `before` and has now written up to `reached`. A transaction is
 * contained exactly when one of the two contains it. Of a transaction that only one of them stands inside of the rows count
 * as done; where they stand inside of two, or of one on two servers, those of `reached` do, and the others are written
 * again after the next claim. Never contains what neither does. `reached` itself where it covers `before`.
 * Throws SOURCE_SERVER_CHANGED for places that cannot be compared.
 */
export function unionPlaces(before: Place, reached: Place): Place {
  if (isCovered(before, reached)) return reached;
  const done = unionDone(before.done, reached.done);
  const open = [reached.inside, before.inside].filter(
    (inside): inside is InsidePlace => inside !== null && !containsTransaction(done, inside.gtid),
  );
  const [first, second] = open;
  if (first === undefined) return { done, inside: null };
  const isSame = second !== undefined && isSameTransaction(first, second);
  return { done, inside: isSame && compareRows(second, first) > 0 ? second : first };
}

/**
 * What is done at all of the places (at least one): where the source has to be read from for several lanes. A transaction
 * counts as done when every place contains it; the rows of one count when every place has them, or the whole of it. Where
 * that holds of two transactions, or the rows were counted on two servers, they are read again from their start.
 * Throws SOURCE_SERVER_CHANGED for places that cannot be compared.
 */
export function intersectPlaces(places: readonly Place[]): Place {
  const [first] = places;
  if (first === undefined) throw new Error('intersectPlaces: no place given');
  if (places.every((place) => isSamePlace(place, first))) return first;
  const done = intersectDone(places.map((place) => place.done));
  for (const { inside } of places) {
    const common = inside === null ? null : commonRows(places, inside);
    if (common !== null) return { done, inside: common };
  }
  return { done, inside: null };
}

/** Whether two places say the same, however they are written. */
export function isSamePlace(one: Place, other: Place): boolean {
  if (one === other) return true;
  return isSameInside(one.inside, other.inside) && coversDone(one.done, other.done) && coversDone(other.done, one.done);
}

/** The rows of the transaction of `inside` that all places have; null when one has none, or not in a way that can be compared. */
function commonRows(places: readonly Place[], inside: InsidePlace): InsidePlace | null {
  let common = inside;
  for (const place of places) {
    if (containsTransaction(place.done, inside.gtid)) continue;
    if (place.inside === null || !isSameTransaction(place.inside, inside)) return null;
    if (compareRows(place.inside, common) < 0) common = place.inside;
  }
  return common;
}

function isCovered(before: Place, reached: Place): boolean {
  if (!coversDone(reached.done, before.done)) return false;
  const { inside } = before;
  if (inside === null || containsTransaction(reached.done, inside.gtid)) return true;
  return (
    reached.inside !== null && (!isSameTransaction(reached.inside, inside) || compareRows(reached.inside, inside) >= 0)
  );
}

/** Rows are counted in the same way only by the server that sent them. */
const isSameTransaction = (one: InsidePlace, other: InsidePlace): boolean =>
  one.gtid === other.gtid && one.serverUuid === other.serverUuid;

const compareRows = (one: InsidePlace, other: InsidePlace): number =>
  one.event - other.event || one.row - other.row || one.part - other.part;

function isSameInside(one: InsidePlace | null, other: InsidePlace | null): boolean {
  if (one === null || other === null) return one === other;
  return isSameTransaction(one, other) && compareRows(one, other) === 0;
}
