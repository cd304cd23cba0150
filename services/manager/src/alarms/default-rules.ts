import type { EntityManager } from 'typeorm';
import { ulid } from 'ulid';
import type { Severity } from '../receivers/notification.ts';
import { ALARM_KINDS } from './alarm-kind.ts';
import type { AlarmKind } from './alarm-kind.ts';
import { AlarmRuleEntity } from './alarm-rule.entity.ts';

interface DefaultRule {
  readonly kind: AlarmKind;
  readonly name: string;
  readonly severity: Severity;
  readonly forMs: number;
}

/** What nobody should learn of from his users. They have no receivers: who is told is a person's choice. */
const DEFAULT_RULES: readonly DefaultRule[] = [
  { kind: 'delay', name: 'Delay', severity: 'important', forMs: 60_000 },
  { kind: 'noProgress', name: 'No progress', severity: 'urgent', forMs: 30_000 },
  { kind: 'instanceLost', name: 'Instance lost', severity: 'important', forMs: 0 },
  { kind: 'deadLetters', name: 'Dead letters', severity: 'important', forMs: 0 },
  { kind: 'disk', name: 'JetStream storage', severity: 'urgent', forMs: 30_000 },
  { kind: 'binlogRetentionRisk', name: 'Binlog retention', severity: 'urgent', forMs: 0 },
];

/**
 * Makes the rules of a new installation, once: those that somebody removes stay away. Runs in the transaction and under the
 * lock of the store's opening.
 */
export async function ensureDefaultRules(manager: EntityManager, now: Date): Promise<void> {
  const began: unknown = await manager.query('SELECT id FROM alarm_cycle WHERE id = 1 FOR UPDATE');
  if (Array.isArray(began) && began.length > 0) return;
  await manager.query('INSERT INTO alarm_cycle (id, at) VALUES (1, ?)', [new Date(0)]);
  for (const { kind, name, severity, forMs } of DEFAULT_RULES) {
    const rule = Object.assign(new AlarmRuleEntity(), {
      ...{ id: ulid(), createdAt: now, updatedAt: now, name, kind, severity, enabled: true, forMs },
      ...{ threshold: ALARM_KINDS[kind].defaultThreshold, keyword: null, repeatMs: null, pauseUntil: null },
      ...{ scope: null, schedule: null, receiverIds: [], recovery: null },
    });
    await manager.save(rule);
  }
}
