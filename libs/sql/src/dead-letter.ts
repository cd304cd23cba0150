import type { RowChange, RowImage, TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { ensureOwnTable } from './own-table.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';

/**
 * open: waits for a person, or for the letter that it follows. retryWanted, discardWanted: a person has decided, and load
 * carries it out. retried, discarded: settled; the row is in the target, or given up.
 */
export const DEAD_LETTER_STATES = ['open', 'retryWanted', 'discardWanted', 'retried', 'discarded'] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** States in which the key is in quarantine. */
export const UNSETTLED_STATES = ['open', 'retryWanted', 'discardWanted'] as const;

export interface DeadLetterError {
  /** Code of the catalogue. */
  readonly code: string;
  /** Without values of the row. */
  readonly message: string;
  /** The server's number, when it was the server that refused. */
  readonly errno: number | null;
}

/** A row that could not be written, or that waits behind one of the same key. */
export interface NewDeadLetter {
  readonly epoch: number;
  readonly process: number;
  /** Server of the source that sent the row: events and rows are numbered alike only there. */
  readonly serverUuid: string;
  /** Number of the source transaction in the epoch: with (event, row, part) of the change it orders all letters as the source did. */
  readonly seq: number;
  readonly gtid: string;
  readonly revision: number;
  /** Shape of the images, named as at the target. */
  readonly definition: TableDefinition;
  readonly change: RowChange;
  readonly error: DeadLetterError;
  /** The statement that failed, without values. */
  readonly statement: string | null;
  readonly attempts: number;
  /** Id of the oldest unsettled letter of the same key, for which this one waits; null = nothing but a person's word. */
  readonly follows: string | null;
  /** The letter of an earlier epoch for the same row of the source, which has come again; null = none. */
  readonly repeats?: RepeatedLetter | null;
}

/** A letter for whose row another one comes, and the state in which it was found. */
export interface RepeatedLetter {
  readonly id: string;
  readonly state: DeadLetterState;
  readonly wantedBy: string | null;
}

export interface DeadLetter extends Omit<NewDeadLetter, 'repeats'> {
  /** Unique in its pipeline, see {@link deadLetterId}. */
  readonly id: string;
  readonly pipelineId: string;
  readonly state: DeadLetterState;
  /** ISO, UTC, microseconds, by the target's clock; as the others. */
  readonly createdAt: string;
  /** Who decided last, and when. */
  readonly wantedBy: string | null;
  readonly wantedAt: string | null;
  /** The row that a person wants written instead of the change's `after`: whole, as that is with `edited` in it. */
  readonly wantedImage: RowImage | null;
  /** What the person set of it; undefined in every column that was left as it came. */
  readonly edited: RowImage | null;
  readonly resolvedAt: string | null;
  /** Why the last retry failed. */
  readonly lastError: string | null;
  /** Id of the first letter for the same row of the source, which came again in a later epoch; null = this is the first. */
  readonly repeats: string | null;
}

/** One letter of one pipeline. */
export interface DeadLetterAddress {
  readonly pipelineId: string;
  readonly id: string;
}

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
/** The columns that order letters, and name one inside its pipeline. */
export const PLACE = ['epoch', 'seq', 'event', 'row', 'part'] as const;
const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS `lutra`.`dead_letter` (' +
  `\`pipeline_id\` varchar(64) ${ASCII} NOT NULL, ` +
  '`epoch` bigint unsigned NOT NULL, `seq` bigint unsigned NOT NULL, `event` int unsigned NOT NULL, ' +
  '`row` int unsigned NOT NULL, `part` int unsigned NOT NULL, ' +
  `\`server_uuid\` varchar(64) ${ASCII} NULL, \`change_digest\` char(64) ${ASCII} NULL, \`repeats\` varchar(128) ${ASCII} NULL, ` +
  `\`process\` bigint unsigned NOT NULL, \`gtid\` varchar(512) ${TEXT} NOT NULL, \`revision\` bigint unsigned NOT NULL, ` +
  `\`state\` varchar(16) ${ASCII} NOT NULL, \`created_at\` datetime(6) NOT NULL, ` +
  `\`table_schema\` varchar(64) ${TEXT} NOT NULL, \`table_name\` varchar(64) ${TEXT} NOT NULL, ` +
  `\`kind\` varchar(8) ${ASCII} NOT NULL, \`flags\` int unsigned NOT NULL, ` +
  `\`definition\` longtext ${TEXT} NOT NULL, \`before_image\` longtext ${TEXT} NULL, \`after_image\` longtext ${TEXT} NULL, ` +
  `\`error_code\` varchar(64) ${ASCII} NOT NULL, \`error_message\` text ${TEXT} NOT NULL, \`errno\` int NULL, ` +
  `\`statement\` longtext ${TEXT} NULL, \`attempts\` int unsigned NOT NULL, \`follows\` varchar(128) ${ASCII} NULL, ` +
  `\`wanted_by\` varchar(255) ${TEXT} NULL, \`wanted_at\` datetime(6) NULL, \`wanted_image\` longtext ${TEXT} NULL, ` +
  `\`resolved_at\` datetime(6) NULL, \`last_error\` text ${TEXT} NULL, ` +
  'PRIMARY KEY (`pipeline_id`, `epoch`, `seq`, `event`, `row`, `part`), ' +
  'KEY `dead_letter_state` (`pipeline_id`, `state`, `epoch`, `seq`), ' +
  'KEY `dead_letter_change` (`pipeline_id`, `change_digest`), ' +
  'KEY `dead_letter_table` (`pipeline_id`, `table_schema`, `table_name`, `created_at`), ' +
  'KEY `dead_letter_created_at` (`pipeline_id`, `created_at`)) ENGINE = InnoDB';

/** Creates the table when it is missing; TARGET_GRANT_MISSING names the grant. */
export const ensureDeadLetterTable = (session: TargetSession): Promise<void> =>
  ensureOwnTable(session, { table: 'dead_letter', create: CREATE_TABLE, what: 'dead letters' });

/** Id of the letter for a row: its place, epoch first, as it stands in `follows` and in the API. */
export const deadLetterId = ({ epoch, seq, change }: Pick<NewDeadLetter, 'epoch' | 'seq' | 'change'>): string =>
  [epoch, seq, change.event, change.row, change.part].join('-');

const ID = /^(\d{1,20})-(\d{1,20})-(\d{1,10})-(\d{1,10})-(\d{1,10})$/;

/** The numbers of an id as text, for statements. Throws RESOURCE_NOT_FOUND for what is none. */
export function placeOf(id: string): readonly string[] {
  const match = ID.exec(id);
  if (match === null) throw new SyncError('RESOURCE_NOT_FOUND', { problem: 'This is not the id of a dead letter' });
  return match.slice(1);
}

export const PLACE_LIST = PLACE.map((name) => `\`${name}\``).join(', ');

/** States as the right side of IN (…). */
export const stateList = (states: readonly DeadLetterState[]): string =>
  states.map((state) => quoteText(state)).join(', ');

/** The condition that finds one letter. */
export function isLetter({ pipelineId, id }: DeadLetterAddress): string {
  const place = placeOf(id);
  const conditions = PLACE.map((name, index) => `\`${name}\` = ${place[index] ?? '0'}`);
  return `pipeline_id = ${quoteText(pipelineId)} AND ${conditions.join(' AND ')}`;
}
