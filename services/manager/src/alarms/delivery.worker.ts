import { Bell, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { failPoint } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import { ownCaller } from '../access/caller.ts';
import type { CommandService } from '../commands/command.service.ts';
import type { ReceiverDoor } from '../receivers/receiver-door.ts';
import { ReceiverEntity, ReceiverStateEntity } from '../receivers/receiver.entity.ts';
import type { Store } from '../store/store.ts';
import { AlarmDeliveryEntity } from './alarm.entity.ts';
import type { AlarmCommand } from './alarm.entity.ts';

const LOOK_MS = 1_000;
const DUE_MAX = 200;
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 300_000;
/** Longer than a try takes: nobody else takes the delivery up meanwhile, and somebody does when this manager dies. */
const CLAIM_MS = 20_000;
/** A receiver that was away for a day is told no more of what is a day old. */
const AGE_MS_MAX = 86_400_000;
const FAILURE_CHARS_MAX = 1_000;

/**
 * Tells receivers what the outbox holds. Every manager does; a delivery is claimed before it is tried. One receiver hears
 * the changes of one alarm in their order; one that fails holds up nobody else. A delivery is repeated under its own id
 * until it is known to be taken: twice only when the answer, or this manager, was lost.
 */
export class DeliveryWorker implements Worker {
  readonly name = 'alarm-deliveries';
  private readonly bell: Bell;
  /** Receivers that are being told, each one thing after the other. */
  private readonly busy = new Map<string, Promise<void>>();
  private reported = '';

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly log: Logger;
      readonly door: ReceiverDoor;
      readonly commands: Pick<CommandService, 'issue'>;
      readonly bus: Bus;
      readonly instance: string;
    },
  ) {
    this.bell = new Bell(parts.clock);
  }

  /** Something new is in the outbox. */
  wake(): void {
    this.bell.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, log } = this.parts;
    while (!signal.aborted) {
      try {
        if (store.whyAway === '') await this.look(signal);
        this.reported = '';
      } catch (error) {
        const { code, message } = SyncError.of(error);
        if (this.reported !== message) log.warn({ err: error, code }, 'alarms cannot be delivered');
        this.reported = message;
      }
      await this.bell.wait(LOOK_MS, signal);
    }
    await Promise.all(this.busy.values());
  }

  private async look(signal: AbortSignal): Promise<void> {
    const due = await this.findDue();
    const byReceiver = new Map<string, AlarmDeliveryEntity[]>();
    for (const delivery of due)
      byReceiver.set(delivery.receiverId, [...(byReceiver.get(delivery.receiverId) ?? []), delivery]);
    for (const [receiverId, deliveries] of byReceiver) {
      if (this.busy.has(receiverId)) continue;
      const telling = this.tellAll(receiverId, deliveries, signal)
        .catch((error: unknown) => {
          this.parts.log.warn({ err: error, code: SyncError.of(error).code, receiverId }, 'alarm not delivered');
        })
        .finally(() => this.busy.delete(receiverId));
      this.busy.set(receiverId, telling);
    }
  }

  /** Only the first of each alarm and receiver that waits: the others wait for it. */
  private findDue(): Promise<AlarmDeliveryEntity[]> {
    const now = this.parts.clock.now();
    return this.parts.store.read(AlarmDeliveryEntity, (rows) =>
      rows
        .createQueryBuilder('delivery')
        .where("delivery.state = 'waiting' AND delivery.nextAttemptAt <= :now", { now })
        .andWhere(
          `NOT EXISTS (SELECT 1 FROM alarm_delivery earlier WHERE earlier.state = 'waiting'
            AND earlier.alarm_id = delivery.alarm_id AND earlier.receiver_id = delivery.receiver_id
            AND earlier.sequence < delivery.sequence)`,
        )
        .andWhere(
          'NOT EXISTS (SELECT 1 FROM receiver WHERE receiver.id = delivery.receiver_id AND receiver.is_enabled = 0)',
        )
        .orderBy('delivery.nextAttemptAt', 'ASC')
        .take(DUE_MAX)
        .getMany(),
    );
  }

  private async tellAll(
    receiverId: string,
    deliveries: readonly AlarmDeliveryEntity[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const delivery of deliveries) {
      if (signal.aborted || !(await this.claim(delivery))) continue;
      const failure = await this.tell(receiverId, delivery);
      await this.settle(delivery, failure);
      // Nobody there: the others would find the same.
      if (failure?.code === 'RECEIVER_UNREACHABLE') return;
    }
  }

  /** False when another manager has it. */
  private async claim({ id, attempts }: AlarmDeliveryEntity): Promise<boolean> {
    const nextAttemptAt = new Date(this.parts.clock.now().getTime() + CLAIM_MS);
    const { affected } = await this.parts.store.read(AlarmDeliveryEntity, (rows) =>
      rows.update({ id, attempts, state: 'waiting' }, { attempts: attempts + 1, nextAttemptAt }),
    );
    return affected === 1;
  }

  private async tell(receiverId: string, { id, body }: AlarmDeliveryEntity): Promise<SyncError | null> {
    failPoint('before-publish');
    const failure = 'change' in body ? await this.notify(receiverId, body) : await this.order(id, body);
    failPoint('after-publish');
    return failure;
  }

  private async notify(
    receiverId: string,
    body: Extract<AlarmDeliveryEntity['body'], { readonly change: unknown }>,
  ): Promise<SyncError | null> {
    const { store, door } = this.parts;
    const receiver = await store.read(ReceiverEntity, (rows) => rows.findOneBy({ id: receiverId }));
    if (receiver === null) return new SyncError('RESOURCE_NOT_FOUND', { problem: 'The receiver was removed' });
    const failure = await door.send(receiver, body);
    if (failure !== null) await this.warn(receiver, failure);
    return failure;
  }

  /** Once for each time that a receiver begins to fail: also in the event log, since nobody is told through it. */
  private async warn({ id, name }: ReceiverEntity, failure: SyncError): Promise<void> {
    const { store, log, bus, clock, instance } = this.parts;
    const state = await store.read(ReceiverStateEntity, (rows) => rows.findOneBy({ receiverId: id }));
    if (state?.failuresInRow !== 1) return;
    log.warn({ receiverId: id, code: failure.code, err: failure }, 'receiver fails');
    const message = `Receiver ${name} was not told of an alarm: ${failure.message}`;
    const base = {
      v: 1,
      at: clock.now().toISOString(),
      who: instance,
      epoch: null,
      process: null,
      traceId: null,
    } as const;
    try {
      await bus.publishEvent({ ...base, pipelineId: null, kind: 'warning', code: 'RECEIVER_FAILING', message });
    } catch (error) {
      log.warn({ err: error, receiverId: id }, 'event not published');
    }
  }

  /** The id makes a repeat the same request. */
  private async order(id: string, command: AlarmCommand): Promise<SyncError | null> {
    const { kind, reason, aboutEpoch, pipelineId, rule } = command;
    try {
      const caller = ownCaller({ id: 'alarms', name: `alarm rule ${rule}`.slice(0, 100) });
      await this.parts.commands.issue(pipelineId, { kind, reason, aboutEpoch }, { caller, key: id });
      return null;
    } catch (error) {
      return SyncError.of(error);
    }
  }

  private async settle(delivery: AlarmDeliveryEntity, failure: SyncError | null): Promise<void> {
    const { store, clock } = this.parts;
    const now = clock.now();
    const { id, attempts, createdAt } = delivery;
    const text = failure?.message.slice(0, FAILURE_CHARS_MAX) ?? '';
    const isVain = failure?.code === 'RESOURCE_NOT_FOUND' || failure?.code === 'RESOURCE_CONFLICT';
    const isOld = now.getTime() - createdAt.getTime() > AGE_MS_MAX;
    const nextAttemptAt = new Date(now.getTime() + Math.min(RETRY_MS_MIN * 2 ** attempts, RETRY_MS_MAX));
    await store.read(AlarmDeliveryEntity, (rows) => {
      if (failure === null) return rows.update({ id }, { state: 'sent', sentAt: now, failure: '' });
      if (isVain || isOld) return rows.update({ id }, { state: 'dropped', failure: text });
      return rows.update({ id }, { nextAttemptAt, failure: text });
    });
  }
}
