import { In, IsNull, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import { must } from '@lutra/model';
import { failPoint } from '@lutra/service-kit';
import type { Store } from '../store/store.ts';
import type { AlarmKind } from './alarm-kind.ts';
import type { AlarmFacts } from './alarm-facts.ts';
import { AlarmRuleEntity, AlarmRuleFaultEntity, unreadableField } from './alarm-rule.entity.ts';
import { AlarmDeliveryEntity, AlarmEntity } from './alarm.entity.ts';
import { evaluateRule } from './evaluate-rule.ts';
import type { Evaluation } from './evaluate-rule.ts';
import { writeMemory } from './fact-memory.ts';
import type { Look } from './fact-reader.ts';
import { takeStep } from './take-step.ts';
import type { NewDelivery, StepOutcome } from './take-step.ts';
import { isInSchedule } from './schedule.ts';

const PROBLEM_CHARS_MAX = 1_000;
/** Longer than a look takes with everything away that it asks. */
const LOOK_S_MAX = 120;
const ROWS_PER_STATEMENT_MAX = 200;

/**
 * `told`: something waits to be delivered. `late`: the look took too long, and nothing was written. `overtaken`: another manager
 * leads by now, and nothing is written any more.
 */
export type CycleResult = 'told' | 'quiet' | 'late' | 'overtaken';

/** What a look at one rule gave: what it sees, or why it cannot be evaluated. */
type Judged = { readonly evaluation: Evaluation; readonly isMuted: boolean } | { readonly problem: string };

/**
 * One look at everything: facts, judgement, and all that follows from it in one transaction, the outbox included. What is
 * decided rests on the alarms as the transaction finds them, so that two managers that both think they lead decide nothing
 * twice; one that another has followed, however long it was frozen, decides nothing at all.
 */
export class AlarmCycle {
  /** Of the leader whose looks these are; null until the first. */
  private generation: number | null = null;

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly read: (kinds: ReadonlySet<AlarmKind>) => Promise<Look>;
      /** A look that took longer judges nothing: what it saw is no longer so. */
      readonly lookSecondsMax?: number;
    },
  ) {}

  /** The first look takes over: what another leader still has in hand is refused from then on. */
  async runOnce(): Promise<CycleResult> {
    const { store, read, lookSecondsMax = LOOK_S_MAX } = this.parts;
    this.generation ??= await takeOver(store);
    const { generation } = this;
    const rules = await store.read(AlarmRuleEntity, (rows) => rows.find({ where: { enabled: true } }));
    const beganAt = await databaseTime(store);
    const { facts, change } = await read(new Set(rules.map(({ kind }) => kind)));
    const judged = new Map(rules.map((rule) => [rule.id, { version: rule.version, result: judge(rule, facts) }]));
    const result = await store.change(async (manager): Promise<CycleResult> => {
      const standing = await fence(manager, { generation, beganAt, lookSecondsMax });
      if (standing !== 'valid') return standing;
      const deliveries = await this.apply(manager, judged, facts);
      await writeMemory(manager, change);
      failPoint('before-commit');
      return deliveries > 0 ? 'told' : 'quiet';
    });
    failPoint('after-commit');
    return result;
  }

  private async apply(
    manager: EntityManager,
    judged: ReadonlyMap<string, { readonly version: number; readonly result: Judged }>,
    { nowMs }: AlarmFacts,
  ): Promise<number> {
    const rules = new Map((await manager.find(AlarmRuleEntity)).map((rule) => [rule.id, rule]));
    const open = await manager.find(AlarmEntity, { where: { openKey: Not(IsNull()) }, order: { id: 'ASC' } });
    const faults = new Map((await manager.find(AlarmRuleFaultEntity)).map((fault) => [fault.ruleId, fault]));
    const outcomes: StepOutcome[] = [];
    for (const [ruleId, { version, result }] of judged) {
      const rule = rules.get(ruleId);
      // Changed since it was judged: the next look judges it as it is now.
      if (rule?.version !== version) continue;
      const standing = open.filter((alarm) => alarm.ruleId === ruleId);
      await noteFault(manager, { rule, result, known: faults.get(ruleId) ?? null, nowMs });
      if ('evaluation' in result) outcomes.push(...stepsOf({ rule, ...result, standing, nowMs }));
    }
    const isWatched = ({ ruleId }: AlarmEntity): boolean => rules.get(ruleId)?.enabled === true;
    for (const alarm of open.filter((each) => !isWatched(each))) {
      const message = rules.has(alarm.ruleId) ? 'The rule was switched off' : 'The rule was removed';
      outcomes.push(
        takeStep({
          alarm,
          rule: rules.get(alarm.ruleId) ?? null,
          sight: goneOf(alarm, message),
          isMuted: false,
          nowMs,
        }),
      );
    }
    return write(manager, outcomes);
  }
}

/** A rule that throws concerns only itself. */
function judge(rule: AlarmRuleEntity, facts: AlarmFacts): Judged {
  const unreadable = unreadableField(rule);
  if (unreadable !== null) return unreadable;
  try {
    const { schedule, pauseUntil } = rule;
    const isPaused = pauseUntil !== null && facts.nowMs < pauseUntil.getTime();
    const isMuted = isPaused || (schedule !== null && !isInSchedule(schedule, facts.nowMs));
    return { evaluation: evaluateRule(rule, facts), isMuted };
  } catch (error) {
    return { problem: (error instanceof Error ? error.message : String(error)).slice(0, PROBLEM_CHARS_MAX) };
  }
}

/** One clock for all managers. */
async function databaseTime(store: Store): Promise<string> {
  const sql = 'SELECT CAST(UTC_TIMESTAMP(3) AS CHAR) AS at';
  const [row] = await store.run((manager) => manager.query<{ readonly at: string }[]>(sql));
  return must(row, 'a SELECT without table has one row').at;
}

/** The next generation, for whoever leads from now on. */
function takeOver(store: Store): Promise<number> {
  return store.run((manager) =>
    manager.transaction(async (inside) => {
      await inside.query(
        `INSERT INTO alarm_cycle (id, at, generation) VALUES (1, UTC_TIMESTAMP(3), 1)
          ON DUPLICATE KEY UPDATE generation = generation + 1`,
      );
      const sql = 'SELECT generation FROM alarm_cycle WHERE id = 1';
      const [row] = await inside.query<{ readonly generation: number }[]>(sql);
      return must(row, 'it was written just now').generation;
    }),
  );
}

/** Whether what was seen since `beganAt` may be written. By the database's clock: it does not stand still with a manager. */
async function fence(
  manager: EntityManager,
  look: { readonly generation: number; readonly beganAt: string; readonly lookSecondsMax: number },
): Promise<'valid' | 'late' | 'overtaken'> {
  const [row] = await manager.query<{ readonly generation: number; readonly ageS: number | string }[]>(
    'SELECT generation, TIMESTAMPDIFF(SECOND, ?, UTC_TIMESTAMP(3)) AS ageS FROM alarm_cycle WHERE id = 1 FOR UPDATE',
    [look.beganAt],
  );
  if (row?.generation !== look.generation) return 'overtaken';
  if (Number(row.ageS) >= look.lookSecondsMax) return 'late';
  await manager.query('UPDATE alarm_cycle SET at = ? WHERE id = 1', [look.beganAt]);
  return 'valid';
}

async function noteFault(
  manager: EntityManager,
  of: {
    readonly rule: AlarmRuleEntity;
    readonly result: Judged;
    readonly known: AlarmRuleFaultEntity | null;
    readonly nowMs: number;
  },
): Promise<void> {
  const { rule, result, known, nowMs } = of;
  const problem = 'problem' in result ? result.problem : null;
  if (problem === (known?.problem ?? null)) return;
  if (problem === null) await manager.delete(AlarmRuleFaultEntity, { ruleId: rule.id });
  else await manager.save(AlarmRuleFaultEntity, { ruleId: rule.id, since: new Date(nowMs), problem });
}

function stepsOf(of: {
  readonly rule: AlarmRuleEntity;
  readonly evaluation: Evaluation;
  readonly isMuted: boolean;
  readonly standing: readonly AlarmEntity[];
  readonly nowMs: number;
}): StepOutcome[] {
  const { rule, evaluation, isMuted, standing, nowMs } = of;
  const bySubject = new Map(standing.map((alarm) => [alarm.subjectId, alarm]));
  const seen = evaluation.sights.map((sight) => {
    const alarm = bySubject.get(sight.subjectId) ?? null;
    bySubject.delete(sight.subjectId);
    return takeStep({ alarm, rule, sight, isMuted, nowMs });
  });
  const unseen = [...bySubject.values()].map((alarm) => {
    const { incomplete } = evaluation;
    const gone = goneOf(alarm, 'It is no longer there, or no longer watched by the rule');
    const sight =
      incomplete === null ? gone : { ...gone, sighting: { state: 'unknown', message: incomplete } as const };
    return takeStep({ alarm, rule, sight, isMuted, nowMs });
  });
  return [...seen, ...unseen];
}

const goneOf = ({ subjectId, subject, pipelineId }: AlarmEntity, message: string) =>
  ({ subjectId, subject, pipelineId, epoch: null, sighting: { state: 'gone', message } }) as const;

/** Few statements however many subjects there are: most looks change nothing. */
async function write(manager: EntityManager, outcomes: readonly StepOutcome[]): Promise<number> {
  const removed = outcomes.flatMap(({ removedId }) => (removedId === null ? [] : [removedId]));
  for (let start = 0; start < removed.length; start += ROWS_PER_STATEMENT_MAX)
    await manager.delete(AlarmEntity, { id: In(removed.slice(start, start + ROWS_PER_STATEMENT_MAX)) });
  const saved = outcomes.flatMap((outcome) => (outcome.saved === null ? [] : [outcome.saved]));
  for (let start = 0; start < saved.length; start += ROWS_PER_STATEMENT_MAX)
    await manager.upsert(AlarmEntity, saved.slice(start, start + ROWS_PER_STATEMENT_MAX), ['id']);
  const told = await withoutPiled(
    manager,
    outcomes.flatMap((outcome) => outcome.deliveries),
  );
  const deliveries = told.map((delivery) => ({ ...delivery, id: ulid() }));
  for (let start = 0; start < deliveries.length; start += ROWS_PER_STATEMENT_MAX)
    await manager.insert(AlarmDeliveryEntity, deliveries.slice(start, start + ROWS_PER_STATEMENT_MAX).map(named));
  return deliveries.length;
}

/** Nobody who still has to be told of an alarm is told of it again: what waits for one receiver stays short. */
async function withoutPiled(manager: EntityManager, deliveries: readonly NewDelivery[]): Promise<NewDelivery[]> {
  const isRepeat = ({ body }: NewDelivery): boolean => 'change' in body && body.change === 'repeat';
  const alarmIds = [...new Set(deliveries.filter(isRepeat).map(({ alarmId }) => alarmId))];
  const waiting = new Set<string>();
  for (let start = 0; start < alarmIds.length; start += ROWS_PER_STATEMENT_MAX) {
    const rows = await manager.query<readonly { readonly alarmId: string; readonly receiverId: string }[]>(
      `SELECT alarm_id AS alarmId, receiver_id AS receiverId FROM alarm_delivery WHERE state = 'waiting' AND alarm_id IN (?)`,
      [alarmIds.slice(start, start + ROWS_PER_STATEMENT_MAX)],
    );
    for (const { alarmId, receiverId } of rows) waiting.add(`${alarmId} ${receiverId}`);
  }
  return deliveries.filter((each) => !(isRepeat(each) && waiting.has(`${each.alarmId} ${each.receiverId}`)));
}

/** The notification carries the delivery's id; it is due at once, by the clock of the database. */
function named(delivery: NewDelivery & { readonly id: string }) {
  const { body, id } = delivery;
  const now = (): string => 'UTC_TIMESTAMP(3)';
  return { ...delivery, body: 'change' in body ? { ...body, id } : body, createdAt: now, nextAttemptAt: now };
}
