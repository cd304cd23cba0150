import type { ErrorClass, ErrorSpec } from './error-spec.ts';
import { ERRORS } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import type { RunbookSection } from './pipeline-condition.ts';
import { isOfMapping } from './row-refusal.ts';

type Advice = Partial<Pick<RunbookSection, 'command' | 'next'>>;

const LOOK = 'GET pipelines/{id}';
const READY = 'curl -sS http://{host}:{httpPort}/health/ready # of the instance; both are in GET /api/v1/instances';
const NOTHING_LOST = 'Nothing is lost and nothing is applied twice.';

/** What a class of failures asks for, unless {@link ADVICE} knows better. */
const BY_CLASS: Readonly<Record<ErrorClass, (code: string) => Required<Advice>>> = {
  retryable: () => ({
    command: LOOK,
    next: `Lutra tries again by itself at \`nextAttemptAt\`, with pauses of 1 s to 60 s, for ever. Worry above 10 attempts. ${NOTHING_LOST}`,
  }),
  configuration: (code) => ({
    command: `POST pipelines/{id}/commands {"kind":"RESTART","reason":"mended ${code}"}`,
    next: `The pipeline goes on at its checkpoint in a new epoch. ${NOTHING_LOST} PAUSED again within a minute: read \`failure.message\` anew.`,
  }),
  poison: (code) => ({
    command: `POST pipelines/{id}/commands {"kind":"RESTART","reason":"mended ${code}"}`,
    next: `The same work is done again from the checkpoint. ${NOTHING_LOST} It stops at the same place when the cause is still there.`,
  }),
  internal: () => ({
    command: 'GET pipelines/{id}/events?kinds=failed,warning',
    next: 'RESTART once: what was a moment of confusion is then over. If it comes back, keep the events and the log lines with the same trace id, and report them.',
  }),
};

const NEW_POSITION = 'POST pipelines/{id}/positions/rewind {"to":{"kind":"latest"},"reason":"…","force":true}';
const AFTER_NEW_POSITION =
  'While the pipeline is PAUSED; `…/positions/preview` tells first what it means, `to` may also be a time, GTIDs, or a file with its offset. Then START: select goes on at that place. Changes that lie between the old place and the new one are not applied, unless the tables were copied anew.';
const OR_DEAD_LETTER =
  'The same work is done again from the checkpoint. Nothing is lost and nothing is applied twice. Where the rest must not wait for one row: set the parameter `onPoison` to `deadLetter`, then RESTART; `GET dead-letters` shows the row, to be retried, edited or discarded. Where the row shall never be written: [leave it out](#when-one-row-stops-a-pipeline).';
const NOT_MAPPED =
  'Where the rest must not wait for one row: set the parameter `onPoison` to `deadLetter`, then RESTART. `GET dead-letters/{id}` then shows the row, and under `notMapped` the columns that an edit (PATCH) has to name before it can be written; retrying alone is refused (ROW_NOT_MAPPED). A mended mapping counts from the next START or RESTART for rows that are read from then on: under `pause` the refused row is among them. A letter is not mapped anew: write its row once more at the source, or rewind, then discard the letter, and what waits behind it goes on. When every row is refused, letters come until TARGET_QUARANTINE_FULL stops the pipeline: mend the mapping, then `POST dead-letters/discard`. Where the row shall never be written: [leave it out](#when-one-row-stops-a-pipeline).';
const CONCERNS_A_REQUEST = 'No pipeline is concerned. Nothing was changed by the request.';
const AFTER_REFERENCE =
  'What the reference names is looked for at each use, in the environment and the files of the service that connects. A variable needs a restart of that service, a file does not. A pipeline that is PAUSED by it goes on after RESTART. Nothing is lost.';
const UPDATE_MAPPING = 'GET pipelines/{id}/mappings';
const CONCERNS_A_MAPPING = 'The mapping was not saved, and the pipeline runs as before. Send it again, corrected.';
const STORE_AWAY =
  'The API answers 503 until the store is back, then goes on by itself. Pipelines run on: statistics arrive later from the event log.';

const DECIDE = 'PATCH pipelines/{id} {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}';

const ADVICE: Partial<Record<ErrorCode, Advice>> = {
  CONFIG_ENV_INVALID: {
    command:
      'docker compose logs --tail 20 {service} # or wherever its log goes: it names every variable that is wrong',
    next: 'It ended with exit code 78. Start it again. Other instances of the service have taken its work over meanwhile.',
  },
  SOURCE_POSITION_PURGED: { command: NEW_POSITION, next: AFTER_NEW_POSITION },
  SOURCE_POSITION_UNKNOWN: { command: NEW_POSITION, next: AFTER_NEW_POSITION },
  SOURCE_LOST_TRANSACTIONS: { command: NEW_POSITION, next: AFTER_NEW_POSITION },
  SOURCE_SERVER_CHANGED: { command: NEW_POSITION, next: AFTER_NEW_POSITION },
  SOURCE_INCIDENT: { command: NEW_POSITION, next: AFTER_NEW_POSITION },
  SOURCE_XA_ROWS_LOST: { command: NEW_POSITION, next: AFTER_NEW_POSITION },
  SOURCE_DDL_STOPPED: {
    command: DECIDE,
    next: 'Then RESTART. This one statement is passed over with a warning; `{transaction}` stands in the message. With `ddl` = `sync` the next ones are applied at the target.',
  },
  MAPPING_DDL_UNCLEAR: {
    command: DECIDE,
    next: 'First run at the target what the statement means there. Then RESTART: it counts as done.',
  },
  MAPPING_COLUMN_ADDED: {
    command: DECIDE,
    next: 'Only when the column is at the target already, or `missingColumn` is `ignore`. Otherwise leave it out of the mapping or change `schemaEvolution`. Then RESTART.',
  },
  TARGET_DDL_REFUSED: {
    command: DECIDE,
    next: 'Only when the statement shall not be run: otherwise remove what is in its way at the target. Then RESTART; it is tried again, or counts as done.',
  },
  TARGET_DDL_UNDECIDED: {
    command: DECIDE,
    next: 'Look at the tables at the target first: `skip` when the statement was done, `apply` when it was not. Then RESTART.',
  },
  TARGET_DDL_LETTERS: {
    command: 'GET dead-letters?pipelineId={id}',
    next: 'Decide about each letter of the table: `POST dead-letters/{letter}/retry` or `/discard`, or many at once. One that stays open after a retry says in `lastError` what it needs. Then RESTART.',
  },
  TARGET_GHOST_WAITING: {
    command: DECIDE,
    next: 'Look at the source: `skip` when its table came back from the ghost by RENAME, `apply` when the table is gone for good. Then RESTART.',
  },
  TARGET_GHOST_UNKNOWN: {
    command: DECIDE,
    next: 'First give the table at the target the definition that it has at the source now. Then RESTART.',
  },
  TARGET_VALUE_REFUSED: { next: OR_DEAD_LETTER },
  TARGET_ROW_REFUSED: { next: OR_DEAD_LETTER },
  TARGET_ROW_MISSING: { next: OR_DEAD_LETTER },
  TARGET_FENCED: {
    next: 'The old loader has stopped by itself. If it repeats every few minutes, two load instances fight: look at their sessions with ZooKeeper.',
  },
  TARGET_EPOCH_AHEAD: {
    next: "The permit is lifted above the target's epoch within seconds. It happens after ZooKeeper's data was lost, or when two installations share a pipeline id.",
  },
  TARGET_CHECKPOINT_MISSING: {
    command: "SELECT * FROM lutra.checkpoint WHERE pipeline_id = '{id}'; -- at the target",
    next: 'Bring the rows back from a backup; `cursor.place` of the API holds the place. Then RESTART. If they cannot be had, make a new pipeline with a `start` of its own.',
  },
  TARGET_LANES_CHANGED: {
    command: "SELECT * FROM lutra.lane_shape WHERE pipeline_id = '{id}'; -- at the target",
    next: 'A loader ended between the commits of two lanes, and the table has no key, or amounts are added to what it holds. With everything as it was RESTART finishes what is missing; changes of the table are free again as soon as the places of all lanes in lutra.checkpoint are equal. Where they cannot be put back: stop, copy the table anew, and make a new pipeline with a `start` of its own for it.',
  },
  BUS_UNREACHABLE: {
    command: 'curl -sS http://{nats host}:8222/healthz # where the monitoring port is open',
    next: 'All stages wait, reconnect and go on by themselves within seconds of its return. Nothing is lost.',
  },
  BUS_STREAM_FULL: {
    next: 'Select waits and goes on by itself. Find the slow stage with `GET pipelines/{id}/processes`. A stream that stays full belongs to a pipeline that stands still.',
  },
  BUS_STREAM_BROKEN: {
    command:
      'nats stream info {stream}; nats stream rm {stream} # only where the message does not say that it was made anew',
    next: 'Its pipelines go on in a new epoch by themselves. What it held is gone: of EVENTS the events, of COMMANDS the commands that nobody had taken yet (issue them again); settings are published again by the manager, and places are read from the targets. Where the message names a consumer and no stream, nothing is lost and nothing is to be done. Look at the log of NATS and at its disk: files of a stream have disappeared.',
  },
  MESSAGING_UNKNOWN_SCHEMA: {
    command: 'GET instances',
    next: '`version` has to be the same everywhere, or one apart during an upgrade. Then RESTART.',
  },
  COORDINATION_UNREACHABLE: {
    command: 'echo ruok | nc {zookeeper host} 2181 # a healthy server answers imok; a majority has to',
    next: 'Leases are lost when the session times out, and work stops. Everything goes on by itself, in new epochs, when the ensemble is back.',
  },
  COORDINATION_ACCESS_DENIED: {
    command: READY,
    next: 'Start the service again with the right LUTRA_ZOOKEEPER_AUTH. Running pipelines are not concerned.',
  },
  MAPPING_REGEX_INVALID: { command: UPDATE_MAPPING, next: CONCERNS_A_MAPPING },
  MAPPING_REGEX_UNSAFE: { command: UPDATE_MAPPING, next: CONCERNS_A_MAPPING },
  MAPPING_TARGET_COLLISION: { command: UPDATE_MAPPING, next: CONCERNS_A_MAPPING },
  MAPPING_RESERVED_SCHEMA: { command: UPDATE_MAPPING, next: CONCERNS_A_MAPPING },
  MAPPING_LOOP: { command: UPDATE_MAPPING, next: CONCERNS_A_MAPPING },
  MAPPING_POLICY_CONFLICT: { command: UPDATE_MAPPING, next: CONCERNS_A_MAPPING },
  PIPELINE_PRECHECK_FAILED: {
    command: 'POST pipelines/{id}/pre-check',
    next: 'The pipeline stays as it is. Send START again when no finding is an error any more.',
  },
  PIPELINE_SOURCE_UNSUPPORTED: { command: 'GET data-sources', next: CONCERNS_A_REQUEST },
  PIPELINE_TARGET_UNSUPPORTED: { command: 'GET data-sources', next: CONCERNS_A_REQUEST },
  DATA_SOURCE_UNSUPPORTED: { command: 'GET data-sources', next: CONCERNS_A_REQUEST },
  CONFIG_REVISION_MISSING: {
    command: 'curl -sS http://{manager host}:8080/health/ready',
    next: 'The manager publishes every revision again within five seconds of its start, and the pipeline goes on.',
  },
  RECEIVER_REFUSED: {
    command: 'POST receivers/{id}/test-send',
    next: 'The answer says what the receiver thinks. What waits is told again with growing pauses, for a day; other receivers are told meanwhile.',
  },
  RECEIVER_UNREACHABLE: {
    command: 'POST receivers/{id}/test-send',
    next: 'Nothing is lost: what waits is told as soon as the receiver is back, within a day. Other receivers are told meanwhile.',
  },
  REQUEST_INVALID: {
    command: 'curl -sS http://{manager host}:8080/api/docs-json # what every route takes',
    next: CONCERNS_A_REQUEST,
  },
  SECRET_REFERENCE_MISSING: { command: 'GET data-sources/{id}', next: AFTER_REFERENCE },
  SECRET_REFERENCE_REFUSED: { command: 'GET data-sources/{id}', next: AFTER_REFERENCE },
  REQUEST_UNAUTHORIZED: {
    command: 'GET api-keys',
    next: `${CONCERNS_A_REQUEST} When the last admin key is lost: DELETE FROM api_key in the manager's database and restart the manager, which prints a new one.`,
  },
  REQUEST_FORBIDDEN: {
    command: 'GET api-keys',
    next: `${CONCERNS_A_REQUEST} The message says which role it takes, or that the key is limited to channels; the list shows the role and channels of each key to an administrator.`,
  },
  LOGIN_FAILED: {
    command: 'GET users?name={name}',
    next: `${CONCERNS_A_REQUEST} A user that is not in the list does not exist; PATCH users/{id} with another password ends the user's sessions. The audit log has each attempt with its address.`,
  },
  LOGIN_BLOCKED: {
    command: 'GET audit',
    next: `${CONCERNS_A_REQUEST} \`login-failed\` entries show from which address somebody tries; the first refused attempt of a block is one of them. The block ends by itself within 15 minutes; API keys are not concerned.`,
  },
  ROW_NOT_MAPPED: {
    command: 'GET dead-letters/{id}',
    next: 'The letter stays open, and what waits behind it waits on, until an edit names all columns of `notMapped` or the letter is discarded.',
  },
  RESOURCE_NOT_FOUND: { command: 'GET pipelines?name={name}', next: CONCERNS_A_REQUEST },
  RESOURCE_CONFLICT: {
    command: LOOK,
    next: `${CONCERNS_A_REQUEST} The message says what stands in the way: a name that is taken, a state, another version.`,
  },
  CONFIRMATION_MISSING: {
    command: LOOK,
    next: `${CONCERNS_A_REQUEST} \`dryRun\` of the answer says what was not written since the checkpoint at the target.`,
  },
  INSTANCE_NOT_ELIGIBLE: {
    command: 'GET instances',
    next: 'The pipeline stays where it is, and runs on. Send the move again with another name.',
  },
  STORE_UNREACHABLE: { command: READY, next: STORE_AWAY },
  STORE_BUSY: { command: LOOK, next: 'Send the request again. It happens when many write at once.' },
  STORE_ACCESS_DENIED: { command: READY, next: STORE_AWAY },
  INTERNAL: {
    next: 'RESTART once. If it comes back, keep the log of the instance that `failure.instance` names, and report it.',
  },
};

/** The runbook's section about an error code: from the catalogue, from its class, and from what is known of it alone. */
export function runbookOfCode(code: ErrorCode): RunbookSection & Pick<ErrorSpec, 'class' | 'workaround'> {
  const { summary, workaround, class: errorClass }: ErrorSpec = ERRORS[code];
  return {
    ...{ title: code, class: errorClass, meaning: `${summary}.`, workaround },
    ...BY_CLASS[errorClass](code),
    ...(isOfMapping(code) ? { next: NOT_MAPPED } : {}),
    ...ADVICE[code],
  };
}

/** Markdown's anchor of a heading: what every section of the runbook is found by. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
