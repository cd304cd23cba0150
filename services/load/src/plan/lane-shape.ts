import { createHash } from 'node:crypto';
import type { TableWriter } from '@lutra/sql';

/**
 * Of everything that makes a lane out of a row: the identities of values (libs/sql key-identity.ts, row-identities.ts), the
 * domains that foreign keys make (foreign-key-groups.ts), the hash and its remainder (lane-of.ts). Whoever makes one row go to
 * another lane raises it: lanes that the release before has left uneven are then told by what all of them have. A test keeps
 * lanes of this version and fails otherwise.
 */
export const LANE_FUNCTION_VERSION = 1;

const shapes = new WeakMap<TableWriter, string>();

/**
 * What the lane of a row depends on besides the row and the number of lanes, in short. Law: equal shapes give one row one
 * lane, or 'several', both times. The columns that the row carries are part of the row: a table that was altered at the source
 * has rows of both kinds and one shape.
 */
export function laneShape(writer: TableWriter): string {
  let shape = shapes.get(writer);
  if (shape !== undefined) return shape;
  const { target, domain, foreignKeys } = writer;
  const columnsOf = (names: readonly string[]) =>
    names.map((name) => {
      const column = target.columns.get(name);
      return [name, column?.dataType, column?.charset, column?.collation, column?.generated];
    });
  const uniqueKeys = target.uniqueKeys.map(({ columns, isExact }) => JSON.stringify([columnsOf(columns), isExact]));
  const key = target.key === null ? null : columnsOf(target.key.columns);
  const text = JSON.stringify([LANE_FUNCTION_VERSION, domain, foreignKeys === null, key, uniqueKeys.sort()]);
  shape = createHash('sha256').update(text).digest('base64url');
  shapes.set(writer, shape);
  return shape;
}
