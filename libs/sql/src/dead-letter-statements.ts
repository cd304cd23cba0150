import { changeDigest } from './repeated-letters.ts';
import type { RowImage } from '@lutra/model';
import { isLetter, PLACE, PLACE_LIST, placeOf, stateList, UNSETTLED_STATES } from './dead-letter.ts';
import type { DeadLetterAddress, DeadLetterError, DeadLetterState, NewDeadLetter } from './dead-letter.ts';
import { imageToJson } from './row-image-json.ts';
import type { JsonImage } from './row-image-json.ts';
import { quoteText, quoteTextOrNull } from './sql-text.ts';
import type { TargetStatement } from './target-statement.ts';

/** Rows of one statement: large enough to be few, far below any packet. */
const STATEMENT_CHARACTERS_MAX = 262_144;

/**
 * Puts letters aside, to run in the transaction of the unit that would have held the rows; their state is open. An image is
 * kept whole: one that does not fit into a packet makes the statement fail with TARGET_PACKET_TOO_SMALL. A letter that repeats
 * a discarded one is to be discarded as well.
 */
export function addDeadLetterStatements(
  pipelineId: string,
  letters: readonly NewDeadLetter[],
): readonly TargetStatement[] {
  return joinRows(
    `INSERT INTO \`lutra\`.\`dead_letter\` (${NEW_COLUMNS.map((name) => `\`${name}\``).join(',')}) VALUES `,
    letters.map((letter) => newRow(pipelineId, letter)),
  );
}

/** `head` and the tuples, in as many statements as their size asks for. */
export function joinRows(head: string, tuples: readonly string[]): readonly TargetStatement[] {
  const statements: { sql: string }[] = [];
  for (const tuple of tuples) {
    const last = statements.at(-1);
    if (last !== undefined && last.sql.length + tuple.length < STATEMENT_CHARACTERS_MAX) last.sql += `,${tuple}`;
    else statements.push({ sql: head + tuple });
  }
  return statements;
}

const NEW_COLUMNS = [
  ...['pipeline_id', ...PLACE, 'process', 'gtid', 'revision', 'state', 'created_at', 'table_schema', 'table_name'],
  ...['kind', 'flags', 'definition', 'before_image', 'after_image'],
  ...['error_code', 'error_message', 'errno', 'statement', 'attempts', 'follows'],
  ...['server_uuid', 'change_digest', 'repeats', 'wanted_by', 'wanted_at'],
] as const;

function newRow(pipelineId: string, letter: NewDeadLetter): string {
  const { definition, change, error, repeats = null } = letter;
  const isGivenUp = repeats?.state === 'discarded';
  const image = (row: RowImage | null): string =>
    row === null
      ? 'NULL'
      : quoteText(JSON.stringify(imageToJson(definition, row, { refused: change.refusal?.columns })));
  const values = [
    quoteText(pipelineId),
    ...[letter.epoch, letter.seq, change.event, change.row, change.part, letter.process].map(String),
    quoteText(letter.gtid),
    String(letter.revision),
    isGivenUp ? "'discardWanted'" : "'open'",
    'UTC_TIMESTAMP(6)',
    quoteText(definition.schema),
    quoteText(definition.table),
    quoteText(change.kind),
    String(change.flags),
    quoteText(JSON.stringify(definition)),
    image(change.kind === 'insert' ? null : change.before),
    image(change.kind === 'delete' ? null : change.after),
    quoteText(error.code),
    quoteText(shortened(error.message)),
    error.errno === null ? 'NULL' : String(error.errno),
    quoteTextOrNull(letter.statement),
    String(letter.attempts),
    quoteTextOrNull(letter.follows),
    quoteText(letter.serverUuid),
    quoteText(changeDigest(letter)),
    quoteTextOrNull(repeats?.id ?? null),
    quoteTextOrNull(isGivenUp ? repeats.wantedBy : null),
    isGivenUp ? 'UTC_TIMESTAMP(6)' : 'NULL',
  ];
  return `(${values.join(',')})`;
}

/**
 * Load has carried out a decision, in the transaction that wrote the row (or wrote nothing). It has to find exactly one row:
 * none means that the state is no longer `expected`, since a person has changed his mind, and everything is rolled back.
 */
export function resolveStatement(
  address: DeadLetterAddress,
  { expected, to }: { readonly expected: DeadLetterState; readonly to: 'retried' | 'discarded' },
): TargetStatement {
  return change(address, `state = '${to}', resolved_at = UTC_TIMESTAMP(6), follows = NULL`, [expected]);
}

/** A retry failed: the letter is open again, and says why. */
export function retryFailedStatement(address: DeadLetterAddress, { code, message }: DeadLetterError): TargetStatement {
  const text = quoteText(shortened(`${code}: ${message}`));
  return change(address, `state = 'open', attempts = attempts + 1, last_error = ${text}`, UNSETTLED_STATES);
}

/** Lets letters wait for another one, or for none: what followed a settled letter follows the next of its key. */
export function followStatement(
  { pipelineId, ids }: { readonly pipelineId: string; readonly ids: readonly string[] },
  follows: string | null,
): TargetStatement {
  const letters = ids.map((id) => `(${placeOf(id).join(',')})`).join(',');
  return {
    sql:
      `UPDATE \`lutra\`.\`dead_letter\` SET follows = ${quoteTextOrNull(follows)} ` +
      `WHERE pipeline_id = ${quoteText(pipelineId)} AND (${PLACE_LIST}) IN (${letters})`,
  };
}

/** A person's decision. Finds one row unless the letter is settled, or gone. `image`: columns to replace in `after`. */
export function wantStatement(
  address: DeadLetterAddress,
  wanted: { readonly state: 'retryWanted' | 'discardWanted'; readonly by: string; readonly image: JsonImage | null },
): TargetStatement {
  const image = wanted.image === null ? 'NULL' : quoteText(JSON.stringify(wanted.image));
  const set = `state = '${wanted.state}', wanted_by = ${quoteText(wanted.by)}, wanted_at = UTC_TIMESTAMP(6), wanted_image = ${image}`;
  return change(address, set, UNSETTLED_STATES);
}

function change(address: DeadLetterAddress, set: string, states: readonly DeadLetterState[]): TargetStatement {
  return {
    sql: `UPDATE \`lutra\`.\`dead_letter\` SET ${set} WHERE ${isLetter(address)} AND state IN (${stateList(states)})`,
  };
}

// A TEXT column holds 64 KiB; messages are a sentence.
const MESSAGE_CHARACTERS_MAX = 4_000;
const shortened = (text: string): string =>
  (text.length <= MESSAGE_CHARACTERS_MAX ? text : `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…`).toWellFormed();
