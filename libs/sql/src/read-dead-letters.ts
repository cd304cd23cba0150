import { isOfMapping, must } from '@lutra/model';
import type { RowChange, RowImage, RowRefusal, TableDefinition } from '@lutra/model';
import { isLetter, PLACE, PLACE_LIST, placeOf, stateList, UNSETTLED_STATES } from './dead-letter.ts';
import type { DeadLetter, DeadLetterAddress, DeadLetterState } from './dead-letter.ts';
import { imageFromJson, refusedColumns } from './row-image-json.ts';
import type { JsonImage } from './row-image-json.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TableName } from './target-table.ts';

/** An unsettled letter without its row. */
export interface UnsettledLetter extends Pick<DeadLetter, 'id' | 'state' | 'follows'> {
  readonly schema: string;
  readonly table: string;
  /** Bytes of its images, as they are stored. */
  readonly imageBytes: number;
}

/** Where to go on (an id, null = from the oldest), and how far. */
export interface DeadLetterPage {
  readonly after: string | null;
  readonly limit: number;
  /** Only letters of this table. */
  readonly table?: TableName | undefined;
}

const IMAGE_BYTES =
  '(COALESCE(LENGTH(before_image), 0) + COALESCE(LENGTH(after_image), 0) + COALESCE(LENGTH(wanted_image), 0))';

/** Unsettled letters in source order, without their rows. */
export async function readUnsettled(
  session: TargetSession,
  pipelineId: string,
  page: DeadLetterPage,
): Promise<readonly UnsettledLetter[]> {
  const columns = `${PLACE.map((name) => `\`${name}\``).join(', ')}, state, follows, ${IMAGE_BYTES} AS imageBytes`;
  const rows = await session.query(
    `SELECT ${columns}, table_schema AS tableSchema, table_name AS tableName FROM \`lutra\`.\`dead_letter\` ` +
      inOrder(pipelineId, UNSETTLED_STATES, page),
  );
  return rows.map((row) => ({
    id: idOf(row),
    state: String(row['state']) as DeadLetterState,
    follows: textOf(row['follows']),
    schema: String(row['tableSchema']),
    table: String(row['tableName']),
    imageBytes: Number(row['imageBytes']),
  }));
}

/** Letters of some states in source order, with their rows: a limit of a few keeps memory small. */
export async function readDeadLetters(
  session: TargetSession,
  pipelineId: string,
  { states, ...page }: DeadLetterPage & { readonly states: readonly DeadLetterState[] },
): Promise<readonly DeadLetter[]> {
  const rows = await session.query(
    `SELECT ${LETTER_COLUMNS} FROM \`lutra\`.\`dead_letter\` ${inOrder(pipelineId, states, page)}`,
  );
  return rows.map(letterOf);
}

/** One letter, null when there is none; with `lock` it stays as it is until the transaction ends. */
export async function readDeadLetter(
  session: TargetSession,
  address: DeadLetterAddress,
  options: { readonly lock: boolean },
): Promise<DeadLetter | null> {
  const [row] = await session.query(
    `SELECT ${LETTER_COLUMNS} FROM \`lutra\`.\`dead_letter\` WHERE ${isLetter(address)}${options.lock ? ' FOR UPDATE' : ''}`,
  );
  return row === undefined ? null : letterOf(row);
}

function inOrder(
  pipelineId: string,
  states: readonly DeadLetterState[],
  { after, limit, table }: DeadLetterPage,
): string {
  const behind =
    after === null
      ? ''
      : ` AND epoch >= ${placeOf(after)[0] ?? '0'} AND (${PLACE_LIST}) > (${placeOf(after).join(', ')})`;
  const ofTable =
    table === undefined
      ? ''
      : ` AND table_schema = ${quoteText(table.schema)} AND table_name = ${quoteText(table.table)}`;
  return (
    `WHERE pipeline_id = ${quoteText(pipelineId)} AND state IN (${stateList(states)})${behind}${ofTable} ` +
    `ORDER BY ${PLACE_LIST} LIMIT ${String(limit)}`
  );
}

/** The id in the columns of {@link PLACE}. */
export const idOf = (row: Readonly<Record<string, unknown>>): string =>
  PLACE.map((name) => String(row[name])).join('-');

const LETTER_COLUMNS =
  `${PLACE_LIST}, pipeline_id AS pipelineId, process, server_uuid AS serverUuid, gtid, revision, state, created_at AS createdAt, kind, flags, ` +
  'definition, before_image AS beforeImage, after_image AS afterImage, ' +
  'error_code AS errorCode, error_message AS errorMessage, errno, statement, attempts, follows, wanted_by AS wantedBy, ' +
  'wanted_at AS wantedAt, wanted_image AS wantedImage, resolved_at AS resolvedAt, last_error AS lastError, repeats';

function letterOf(row: Readonly<Record<string, unknown>>): DeadLetter {
  const definition = JSON.parse(String(row['definition'])) as TableDefinition;
  const json = (name: string): JsonImage | null =>
    typeof row[name] === 'string' ? (JSON.parse(row[name]) as JsonImage) : null;
  const image = (name: string): RowImage | null => imageOf(definition, json(name));
  const change = changeOf(row, {
    before: image('beforeImage'),
    after: image('afterImage'),
    refusal: refusalOf(
      row,
      [json('beforeImage'), json('afterImage')].flatMap((one) => positionsIn(definition, one)),
    ),
  });
  const edited = image('wantedImage');
  return {
    id: idOf(row),
    pipelineId: String(row['pipelineId']),
    epoch: Number(row['epoch']),
    process: Number(row['process']),
    serverUuid: String(row['serverUuid']),
    seq: Number(row['seq']),
    gtid: String(row['gtid']),
    revision: Number(row['revision']),
    state: String(row['state']) as DeadLetterState,
    createdAt: isoOf(row['createdAt']),
    definition,
    change,
    error: {
      code: String(row['errorCode']),
      message: String(row['errorMessage']),
      errno: row['errno'] === null ? null : Number(row['errno']),
    },
    statement: textOf(row['statement']),
    attempts: Number(row['attempts']),
    follows: textOf(row['follows']),
    wantedBy: textOf(row['wantedBy']),
    wantedAt: isoOrNull(row['wantedAt']),
    wantedImage: edited === null || change.kind === 'delete' ? null : withEdit(change.after, edited),
    edited,
    resolvedAt: isoOrNull(row['resolvedAt']),
    lastError: textOf(row['lastError']),
    repeats: textOf(row['repeats']),
  };
}

const imageOf = (definition: TableDefinition, json: JsonImage | null): RowImage | null =>
  json === null ? null : imageFromJson(definition, json);
const positionsIn = (definition: TableDefinition, json: JsonImage | null): readonly number[] =>
  json === null ? [] : refusedColumns(definition, json);

/** Undefined for a row that was mapped: the target has refused it, or it only follows another. */
function refusalOf(row: Readonly<Record<string, unknown>>, positions: readonly number[]): RowRefusal | undefined {
  const code = String(row['errorCode']);
  if (!isOfMapping(code)) return undefined;
  const columns = [...new Set(positions)];
  return { code, problem: String(row['errorMessage']), details: {}, columns, isOnlyBefore: false };
}

const withEdit = (image: RowImage, edited: RowImage): RowImage =>
  edited.map((value, position) => (value === undefined ? image[position] : value));

function changeOf(
  row: Readonly<Record<string, unknown>>,
  images: {
    readonly before: RowImage | null;
    readonly after: RowImage | null;
    readonly refusal: RowRefusal | undefined;
  },
): RowChange {
  const [event, number, part, flags] = ['event', 'row', 'part', 'flags'].map((name) => Number(row[name]));
  const { refusal } = images;
  const place = { table: 0, event: event ?? 0, row: number ?? 0, part: part ?? 0, flags: flags ?? 0 };
  const base = refusal === undefined ? place : { ...place, refusal };
  const before = (): RowImage => must(images.before, 'an update and a delete keep their before image');
  const after = (): RowImage => must(images.after, 'an insert and an update keep their after image');
  switch (row['kind']) {
    case 'insert':
      return { ...base, kind: 'insert', after: after() };
    case 'update':
      return { ...base, kind: 'update', before: before(), after: after() };
    default:
      return { ...base, kind: 'delete', before: before() };
  }
}

/** Text of a column, null for NULL. */
export const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
/** '2026-11-21 10:00:00.123456' of the server, in UTC, as ISO. */
export const isoOf = (value: unknown): string => `${String(value).replace(' ', 'T')}Z`;
export const isoOrNull = (value: unknown): string | null => (typeof value === 'string' ? isoOf(value) : null);
