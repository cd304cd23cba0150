import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ulid } from 'ulid';
import type { Command, LoadedEvent, Permit, Place, ProcessHeader, WindowEvent } from '@lutra/model';
import { must, systemClock } from '@lutra/model';
import { addDeadLetterStatements, ensureDeadLetterTable, openTarget, resolveStatement } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { connectTo, HttpSink, runSql, testServers, waitUntil } from '@lutra/testing';
import { MailSink } from './alarms/mail-sink.ts';
import { loaded, warning } from './rollup-events.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: each kind of rule sees what it is about where the services leave it, fires and ends; a threshold counts as it is now; mail
// is sent as well as posts are.
// Method: a manager in this process; processes, events, cursors, letters and commands are put into the real NATS and the real
// databases as stages do, and taken away again; a real HTTP server and a real mail server are told.

const EPOCH = 3;
const DAY_MS = 86_400_000;
const installation = new Installation();
const stop = new AbortController();
const plays = new Map<string, Promise<void>>();
let manager: RunningManager;
let sink: HttpSink;
let mail: MailSink;
let receiverId: string;
let ends: { readonly channelId: string; readonly sourceId: string; readonly targetId: string };
let target: TargetSession;

beforeAll(async () => {
  sink = await HttpSink.start();
  mail = await MailSink.start({ authOptional: true, hideSTARTTLS: true });
  manager = await installation.start();
  const [source, copy] = [testServers().mysql, testServers().mariadbTarget];
  const definition = { ...copy, id: 'T', name: 't', password: '', tls: 'disabled' } as const;
  target = await openTarget(definition, copy.password, { clock: systemClock });
  await ensureDeadLetterTable(target);
  const server = ({ kind, host, port, user, password }: typeof source) => ({ kind, host, port, user, password });
  ends = {
    channelId: await manager.create('channels', { name: 'shop' }),
    sourceId: await manager.create('data-sources', { ...server(source), name: 'source' }),
    targetId: await manager.create('data-sources', { ...server(copy), name: 'target' }),
  };
  receiverId = await manager.create('receivers', { name: 'hook', kind: 'webhook', http: { url: sink.origin } });
});

afterAll(async () => {
  stop.abort();
  await Promise.allSettled(plays.values());
  await target.close();
  await installation.close();
  await sink.close();
  await mail.close();
});

/** One that was ordered to run ten minutes ago. */
async function createPipeline(name: string): Promise<string> {
  const id = await manager.create('pipelines', { ...ends, name });
  const permit: Permit = {
    ...{
      state: 'RUNNING',
      epoch: EPOCH,
      draining: false,
      commandId: 'C',
      aboutEpoch: null,
      reason: 'go',
      failure: null,
    },
    ...{ since: new Date(Date.now() - 600_000).toISOString(), by: 'admin', attempt: 0, nextAttemptAt: null },
  };
  await manager.coordinator.writePermit(id, permit, null);
  return id;
}

/** What select says each second. */
const window = (pipelineId: string, change: Partial<WindowEvent>): Promise<void> =>
  manager.bus.publishEvent({
    ...{ v: 1, at: new Date().toISOString(), who: 'select-1', pipelineId, epoch: EPOCH, process: null, traceId: null },
    ...{ kind: 'window', state: 'streaming', cause: null, open: [], lagMs: 0, eventsRead: 1, bytesRead: 1, ...change },
  });

let processes = 0;
const load = (pipelineId: string, change: Partial<LoadedEvent> & { readonly atMs: number }): Promise<void> =>
  manager.bus.publishEvent(loaded({ pipelineId, epoch: EPOCH, process: (processes += 1), ...change }));

interface Told {
  readonly rule: string;
  readonly change: string;
  readonly subjectId: string;
  readonly message: string;
}

/** What was told of a rule, in order. A delivery whose answer was late comes again under its id. */
function toldOf(rule: string, subject = ''): Told[] {
  const deliveries = new Map(sink.posted.map(({ body }) => [body['deliveryId'], body['alarm'] as Told]));
  return [...deliveries.values()].filter((told) => told.rule === rule && told.subjectId.endsWith(subject));
}

interface Cause {
  readonly kind: string;
  readonly threshold: number;
  /** End of what the alarm is about; left out = any, as the rule watches one pipeline. */
  readonly subject?: string;
  readonly says: RegExp;
  readonly begin?: (pipelineId: string) => Promise<unknown>;
  /** Repeated until the alarm was told. */
  readonly hold?: (pipelineId: string) => Promise<unknown>;
  readonly end?: (pipelineId: string) => Promise<unknown>;
  /** Repeated until its end was told. */
  readonly rest?: (pipelineId: string) => Promise<unknown>;
}

const processOf = (pipelineId: string): ProcessHeader => ({
  ...{
    pipelineId,
    epoch: EPOCH,
    process: 1,
    revision: 1,
    end: { done: { kind: 'mysqlGtid', gtidSet: '' }, inside: null },
  },
  ...{
    serverUuid: 'a',
    transactionCount: 1,
    rowCount: 1,
    sourceBytes: 1,
    firstCommitMs: 1,
    lastCommitMs: 1,
    stages: [],
  },
});

/** As extract, transform and load would, none of which is there. */
async function queueProcess(pipelineId: string): Promise<void> {
  const identity = { pipelineId, epoch: EPOCH, process: 1 };
  const writer = manager.bus.writeProcess({ queue: 'transformed', schema: 'target-process/1', identity });
  writer.write(Buffer.from('x'));
  await writer.finish(processOf(pipelineId));
}

async function takeProcess(pipelineId: string): Promise<void> {
  const options = { queue: 'transformed', durable: `load-${pipelineId}`, pipelineId, inFlightMax: 1 } as const;
  for await (const delivery of manager.bus.consume({ ...options, signal: stop.signal })) {
    await delivery.ack();
    return;
  }
}

async function writeLetter(pipelineId: string): Promise<void> {
  const change = { table: 0, event: 1, row: 0, part: 0, flags: 0, kind: 'insert', after: [1n] } as const;
  const statements = addDeadLetterStatements(pipelineId, [
    {
      ...{ epoch: EPOCH, process: 2, serverUuid: 'a', seq: 1, gtid: '0-1-1', revision: 1, change },
      definition: {
        ...{ schema: 'shop', table: 'orders', primaryKey: [0] },
        columns: [{ name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 }],
      },
      error: { code: 'TARGET_ROW_REFUSED', message: 'The target refuses a row', errno: 1062 },
      ...{ statement: 'INSERT INTO `orders`', attempts: 3, follows: null },
    },
  ]);
  await target.execute(statements);
  await target.commit();
}

/** As load does it when a person has decided. */
async function settleLetter(pipelineId: string): Promise<void> {
  const id = `${String(EPOCH)}-1-1-0-0`;
  await target.execute([resolveStatement({ pipelineId, id }, { expected: 'open', to: 'discarded' })]);
  await target.commit();
}

async function removeLetter(pipelineId: string): Promise<void> {
  await target.execute([{ sql: `DELETE FROM lutra.dead_letter WHERE pipeline_id = '${pipelineId}'` }]);
  await target.commit();
}

async function executedAtSource(): Promise<string> {
  const connection = await connectTo(testServers().mysql);
  const [rows] = await connection.query('SELECT @@global.gtid_executed AS gtids');
  await connection.end();
  return String((rows as { readonly gtids: string }[])[0]?.gtids).replaceAll(/\s/g, '');
}

async function moveCursor(pipelineId: string, gtidSet: string): Promise<void> {
  const place: Place = { done: { kind: 'mysqlGtid', gtidSet }, inside: null };
  const at = new Date().toISOString();
  await manager.bus.putCursor(pipelineId, { state: 'place', epoch: EPOCH, revision: 1, process: 1, at, place });
}

const COMMANDS = 400;

/** More than a hundredth of what the stream may hold: no arbiter takes them. */
async function pileCommands(pipelineId: string): Promise<void> {
  const command: Omit<Command, 'id'> = {
    ...{ kind: 'RESTART', pipelineId, aboutEpoch: EPOCH, author: 'test', reason: 'again '.repeat(100) },
    issuedAt: new Date().toISOString(),
  };
  await Promise.all(Array.from({ length: COMMANDS }, () => manager.bus.issueCommand({ ...command, id: ulid() })));
}

async function takeCommands(): Promise<void> {
  let left = COMMANDS;
  for await (const delivery of manager.bus.consumeCommands(stop.signal)) {
    await delivery.ack();
    left -= 1;
    if (left === 0) return;
  }
}

const CAUSES: readonly Cause[] = [
  {
    ...{ kind: 'noProgress', threshold: 60_000, says: /^Nothing was loaded for 1\d min/ },
    hold: (id) => window(id, { lagMs: 900_000 }),
    rest: async (id) => {
      await load(id, { atMs: Date.now() });
      await window(id, { lagMs: 900_000 });
    },
  },
  {
    ...{ kind: 'processAge', threshold: 60_000, says: /^The oldest process is 90 s old/ },
    hold: (id) => window(id, { open: [{ process: 1, ageMs: 90_000, bytes: 1 }] }),
    rest: (id) => window(id, { open: [{ process: 2, ageMs: 100, bytes: 1 }] }),
  },
  {
    ...{ kind: 'queueAge', threshold: 1_000, says: /^The oldest message waits since 20/ },
    ...{ begin: queueProcess, end: takeProcess },
  },
  {
    // Of the last five minutes: these are about to be older.
    ...{ kind: 'errorKeyword', threshold: 1, says: /have 'ddl_skipped': SOURCE_DDL_SKIPPED passed over/ },
    hold: (id) => manager.bus.publishEvent(warning(id, Date.now() - 285_000)),
  },
  {
    // Of the last minute.
    ...{ kind: 'conflictRate', threshold: 100, says: /conflicts were settled in the last minute/ },
    hold: (id) => load(id, { atMs: Date.now() - 45_000, conflicts: 100 }),
  },
  {
    ...{ kind: 'deadLetters', threshold: 1, says: /^1 dead letters wait for a decision/ },
    ...{ begin: writeLetter, end: settleLetter },
  },
  {
    // MySQL keeps its log for 30 days, unless somebody says otherwise.
    ...{
      kind: 'binlogRetentionRisk',
      threshold: 50,
      says: /needs log that is 480\.\d h old, and the source keeps 720\.0 h/,
    },
    begin: async (id) => {
      const executed = await executedAtSource();
      await runSql(testServers().mysql, [`CREATE DATABASE at_${id}`, `DROP DATABASE at_${id}`]);
      await moveCursor(id, executed);
      const lastCommitMs = Date.now() - 20 * DAY_MS;
      await load(id, { atMs: Date.now(), firstCommitMs: lastCommitMs, lastCommitMs });
    },
    end: async (id) => {
      await load(id, { atMs: Date.now() });
      await moveCursor(id, await executedAtSource());
    },
  },
  {
    ...{ kind: 'disk', threshold: 1, subject: 'COMMANDS', says: /_COMMANDS holds \d+ of 16777216 bytes/ },
    ...{ begin: pileCommands, end: takeCommands },
  },
];

/** From the cause to the alarm, and from its end to the alarm's. */
async function play({ kind, threshold, subject = '', says, ...cause }: Cause): Promise<void> {
  const pipelineId = await createPipeline(kind);
  const scope = kind === 'disk' ? {} : { scope: { pipelineIds: [pipelineId], channelIds: [] } };
  const keyword = kind === 'errorKeyword' ? { keyword: 'ddl_skipped' } : {};
  const until = (changes: readonly string[], repeat: Cause['hold']): Promise<unknown> =>
    waitUntil(
      async () => {
        await repeat?.(pipelineId);
        const told = toldOf(kind, subject).map(({ change }) => change);
        return JSON.stringify(told) === JSON.stringify(changes);
      },
      { what: `${kind} to be ${changes.join(', ')}`, timeoutMs: 90_000, everyMs: 250, signal: stop.signal },
    );
  await cause.begin?.(pipelineId);
  await manager.create('alarm-rules', { name: kind, kind, threshold, receiverIds: [receiverId], ...scope, ...keyword });
  await until(['firing'], cause.hold);
  expect(toldOf(kind, subject)[0]?.message).toMatch(says);
  await cause.end?.(pipelineId);
  await until(['firing', 'resolved'], cause.rest);
  if (kind === 'deadLetters') await removeLetter(pipelineId);
}

/** A rule whose threshold is changed under a condition that stands. */
async function playThreshold(): Promise<void> {
  const email = { host: '127.0.0.1', port: mail.port, tls: 'disabled', sender: 'lutra@example.com' };
  const mailId = await manager.create('receivers', {
    ...{ name: 'mail', kind: 'email', email: { ...email, recipients: ['a@example.com'] } },
  });
  const pipelineId = await createPipeline('behind');
  const rule = { kind: 'delay', severity: 'urgent', scope: { pipelineIds: [pipelineId], channelIds: [] } };
  const create = (name: string, threshold: number): Promise<string> =>
    manager.create('alarm-rules', { ...rule, name, threshold, receiverIds: [receiverId, mailId] });
  const patch = async (id: string, threshold: number): Promise<void> => {
    const path = `/api/v1/alarm-rules/${id}`;
    expect((await manager.request('PATCH', path, { body: { threshold } })).status).toBe(200);
  };
  const subjectsOf = (name: string): string[] =>
    mail.mails.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1] ?? '').filter((subject) => subject.includes(name));
  const until = (name: string, changes: readonly string[]): Promise<unknown> =>
    waitUntil(
      async () => {
        await window(pipelineId, { lagMs: 60_000 });
        const told = toldOf(name).map(({ change }) => change);
        return JSON.stringify(told) === JSON.stringify(changes) && subjectsOf(name).length === changes.length;
      },
      { what: `${name} to be told ${changes.join(', ')}`, timeoutMs: 60_000, everyMs: 250, signal: stop.signal },
    );
  const patient = await create('patient', 100_000);
  // Judged by the same looks: once this one is told, the other one was judged and told nothing.
  await create('beside', 50_000);
  await until('beside', ['firing']);
  expect([toldOf('patient'), subjectsOf('patient')]).toEqual([[], []]);
  await patch(patient, 50_000);
  await until('patient', ['firing']);
  await patch(patient, 60_001);
  await until('patient', ['firing', 'resolved']);
  expect(subjectsOf('patient')).toEqual([
    '[Lutra urgent] patient: pipeline behind',
    '[Lutra resolved] patient: pipeline behind',
  ]);
  expect(mail.mails.map(({ to }) => to)).toEqual(mail.mails.map(() => ['a@example.com']));
  expect(toldOf('beside').map(({ change }) => change)).toEqual(['firing']);
}

// All at once: each waits most of its time.
beforeAll(() => {
  for (const cause of CAUSES) plays.set(cause.kind, play(cause));
  plays.set('threshold', playThreshold());
  // Its test says so.
  for (const played of plays.values()) played.catch(() => undefined);
});

const hasPlayed = async (name: string): Promise<void> => {
  await must(plays.get(name), 'each is played');
};

describe('an alarm fires for its cause, and ends with it:', () => {
  it.each(CAUSES.map(({ kind }) => kind))('%s', hasPlayed, 200_000);
});

it('a threshold counts as it is now, without a restart; mail tells the beginning and the end', async () => {
  await hasPlayed('threshold');
}, 200_000);
