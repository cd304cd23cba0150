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
import { AlarmEntity } from './alarm.entity.ts';
import type { AlarmCommand, AlarmNotice } from './alarm.entity.ts';
import { Outbox } from './outbox.ts';
import type { Delivery } from './outbox.ts';

const LOOK_MS = 1_000;
const DROP_MS = 60_000;

/**
 * Tells receivers what the outbox holds. Every manager does; a delivery is claimed before it is tried. One receiver hears
 * the changes of one alarm in their order; one that fails holds up nobody else. A delivery is repeated under its own id
 * until it is known to be taken: twice only when the answer, or this manager, was lost.
 */
export class DeliveryWorker implements Worker {
  readonly name = 'alarm-deliveries';
  private readonly bell: Bell;
  private readonly outbox: Outbox;
  /** Receivers that are being told, each one thing after the other. */
  private readonly busy = new Map<string, Promise<void>>();
  private reported = '';
  private droppedMs = -Infinity;

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
    this.outbox = new Outbox(parts.store);
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
    const { clock, log } = this.parts;
    if (clock.monotonicMs() - this.droppedMs >= DROP_MS) {
      await this.outbox.dropOld();
      this.droppedMs = clock.monotonicMs();
    }
    for (const receiverId of await this.outbox.receivers()) {
      if (this.busy.has(receiverId)) continue;
      const telling = this.tellAll(receiverId, signal)
        .catch((error: unknown) => {
          log.warn({ err: error, code: SyncError.of(error).code, receiverId }, 'alarm not delivered');
        })
        .finally(() => this.busy.delete(receiverId));
      this.busy.set(receiverId, telling);
    }
  }

  private async tellAll(receiverId: string, signal: AbortSignal): Promise<void> {
    for (const delivery of await this.outbox.due(receiverId)) {
      if (signal.aborted) return;
      // Another manager has it.
      if (!(await this.outbox.claim(delivery))) continue;
      const failure = await this.tell(receiverId, delivery);
      await this.outbox.settle(delivery, failure);
      // Nobody there: the others would find the same.
      if (failure?.code === 'RECEIVER_UNREACHABLE' || failure?.code === 'BUS_UNREACHABLE') return;
    }
  }

  private async tell(receiverId: string, delivery: Delivery): Promise<SyncError | null> {
    failPoint('before-publish');
    const failure = await this.hand(receiverId, delivery);
    failPoint('after-publish');
    return failure;
  }

  private hand(receiverId: string, delivery: Delivery): Promise<SyncError | null> {
    const { id, body } = delivery;
    if ('change' in body) return this.notify(receiverId, body);
    return 'about' in body ? this.log(id, body) : this.order(delivery, body);
  }

  /** The id makes a repeat the same message. */
  private async log(id: string, notice: AlarmNotice): Promise<SyncError | null> {
    const { bus, instance } = this.parts;
    try {
      await bus.publishEvent({ ...notice, who: instance }, id);
      return null;
    } catch (error) {
      return SyncError.of(error);
    }
  }

  private async notify(
    receiverId: string,
    body: Extract<Delivery['body'], { readonly change: unknown }>,
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

  /** Only while the alarm still fires and nobody has it. The id makes a repeat the same request. */
  private async order({ id, alarmId }: Delivery, command: AlarmCommand): Promise<SyncError | null> {
    const { kind, reason, aboutEpoch, pipelineId, rule } = command;
    const alarm = await this.parts.store.read(AlarmEntity, (rows) => rows.findOneBy({ id: alarmId }));
    if (alarm?.state !== 'firing') {
      const problem = `The alarm is ${alarm?.state ?? 'history'} by now`;
      return new SyncError('RESOURCE_CONFLICT', { problem });
    }
    try {
      const caller = ownCaller({ id: 'alarms', name: `alarm rule ${rule}`.slice(0, 100) });
      await this.parts.commands.issue(pipelineId, { kind, reason, aboutEpoch }, { caller, key: id });
      return null;
    } catch (error) {
      return SyncError.of(error);
    }
  }
}
