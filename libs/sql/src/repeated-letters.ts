import { createHash } from 'node:crypto';
import { deadLetterId, PLACE, stateList, UNSETTLED_STATES } from './dead-letter.ts';
import type { DeadLetter, DeadLetterState, NewDeadLetter, RepeatedLetter } from './dead-letter.ts';
import { idOf, textOf } from './read-dead-letters.ts';
import { imageToJson } from './row-image-json.ts';
import { quoteText, quoteTextOrNull } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** The same for a change of a source transaction whichever server sends it, and in whichever epoch. */
export function changeDigest({
  definition,
  change,
  gtid,
}: Pick<NewDeadLetter, 'definition' | 'change' | 'gtid'>): string {
  const before = change.kind === 'insert' ? null : imageToJson(definition, change.before);
  const after = change.kind === 'delete' ? null : imageToJson(definition, change.after);
  const { schema, table } = definition;
  const said = JSON.stringify([gtid, schema, table, change.kind, change.part, before, after]);
  return createHash('sha256').update(said).digest('hex');
}

/** A statement stays far below any packet. */
const ASKED_AT_ONCE = 500;

/**
 * Tells of new letters whose row of the source has a letter of an earlier epoch already, unsettled or discarded: the source
 * was read again from before it. On the same server that is the letter of the same event and row; another one numbers them
 * otherwise, there it is one of the same transaction with the same images, the first not taken yet. A letter that itself
 * repeats another stands for that one.
 */
export async function findRepeated(
  session: TargetSession,
  pipelineId: string,
  letters: readonly NewDeadLetter[],
): Promise<readonly (RepeatedLetter | null)[]> {
  const known = new Map<string, Known[]>();
  const digests = letters.map(changeDigest);
  const wanted = [...new Set(digests)];
  for (let start = 0; start < wanted.length; start += ASKED_AT_ONCE)
    for (const letter of await readAlike(session, pipelineId, wanted.slice(start, start + ASKED_AT_ONCE))) {
      const alike = known.get(letter.digest);
      if (alike === undefined) known.set(letter.digest, [letter]);
      else alike.push(letter);
    }
  const taken = new Set<string>();
  return letters.map((letter, index) => {
    const alike = (known.get(digests[index] ?? '') ?? []).filter(({ epoch }) => epoch < letter.epoch);
    const rowIsAt = rowOf(deadLetterId(letter));
    const isHere = (other: Known): boolean => other.serverUuid === letter.serverUuid && rowOf(other.id) === rowIsAt;
    const isElsewhere = (other: Known): boolean => other.serverUuid !== letter.serverUuid && !taken.has(rootOf(other));
    const found = alike.find(isHere) ?? alike.find(isElsewhere);
    if (found === undefined) return null;
    const id = rootOf(found);
    taken.add(id);
    const { state, wantedBy } = alike.find((other) => other.id === id) ?? found;
    return { id, state, wantedBy };
  });
}

/**
 * What a person has decided about a letter holds for its repeats: to be run in the transaction that settles it. Discarded:
 * they are to be discarded as well. Edited: they are to be written with the same edit, after it.
 */
export function decideRepeatsStatement(letter: DeadLetter, to: 'retried' | 'discarded'): TargetStatement {
  const { definition, id, pipelineId, wantedBy, edited } = letter;
  const image = edited === null ? 'NULL' : quoteText(JSON.stringify(imageToJson(definition, edited)));
  const decision = to === 'discarded' ? "state = 'discardWanted', wanted_image = NULL" : `wanted_image = ${image}`;
  return {
    sql:
      `UPDATE \`lutra\`.\`dead_letter\` SET ${decision}, wanted_by = ${quoteTextOrNull(wantedBy)}, wanted_at = UTC_TIMESTAMP(6) ` +
      `WHERE pipeline_id = ${quoteText(pipelineId)} AND change_digest = ${quoteText(changeDigest(letter))} ` +
      `AND repeats = ${quoteText(id)} AND state = 'open'`,
  };
}

interface Known {
  readonly id: string;
  readonly epoch: number;
  readonly digest: string;
  readonly state: DeadLetterState;
  readonly wantedBy: string | null;
  readonly serverUuid: string;
  readonly repeats: string | null;
}

async function readAlike(
  session: TargetSession,
  pipelineId: string,
  digests: readonly string[],
): Promise<readonly Known[]> {
  const place = PLACE.map((name) => `\`${name}\``).join(', ');
  const rows = await session.query(
    `SELECT ${place}, state, change_digest AS digest, wanted_by AS wantedBy, server_uuid AS serverUuid, repeats FROM \`lutra\`.\`dead_letter\` ` +
      `WHERE pipeline_id = ${quoteText(pipelineId)} AND change_digest IN (${digests.map(quoteText).join(', ')}) ` +
      `AND state IN (${stateList([...UNSETTLED_STATES, 'discarded'])}) ORDER BY ${place}`,
  );
  return rows.map((row) => ({
    id: idOf(row),
    epoch: Number(row['epoch']),
    digest: String(row['digest']),
    state: String(row['state']) as DeadLetterState,
    wantedBy: textOf(row['wantedBy']),
    serverUuid: String(row['serverUuid']),
    repeats: textOf(row['repeats']),
  }));
}

const rootOf = ({ id, repeats }: Known): string => repeats ?? id;
/** Event, row and part of an id. */
const rowOf = (id: string): string => id.split('-').slice(2).join('-');
