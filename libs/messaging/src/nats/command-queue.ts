import { trace } from '@opentelemetry/api';
import { partOfChannelCommand } from '@lutra/model';
import type { ChannelCommand, Command, CommandEvent } from '@lutra/model';
import type { CommandDelivery } from '../bus.ts';
import { deliveryInfo } from './delivery-info.ts';
import type { EventLog } from './event-log.ts';
import type { HeldDeliveries } from './held-deliveries.ts';
import { decodeJson, encodeJson } from './json-message.ts';
import type { NatsLink } from './nats-link.ts';
import { commandConsumerConfig } from './stream-configs.ts';
import { ARBITER_DURABLE } from './subjects.ts';
import { prepareConsumer } from './work-queue-consumer.ts';
import { readWorkQueue } from './work-queue-reader.ts';

/** Few, so that several arbiters share the work. */
const COMMANDS_IN_FLIGHT_MAX = 4;

/** Commands for the arbiters: one work queue, one shared consumer, and an audit copy in the event log. */
export class CommandQueue {
  constructor(
    private readonly link: NatsLink,
    private readonly held: HeldDeliveries,
    private readonly events: EventLog,
  ) {}

  async issue(command: Command): Promise<void> {
    await this.link.publish(this.link.subjects.command(command.pipelineId), encodeJson(command), { id: command.id });
    await this.events.publish(issuedEvent(command), `${command.id}.issued`);
  }

  async issueToChannel(command: ChannelCommand): Promise<void> {
    const { channelId, id, pipelineIds } = command;
    await this.link.publish(this.link.subjects.command(channelId), encodeJson(command), { id });
    for (const pipelineId of pipelineIds) {
      const part = partOfChannelCommand(command, pipelineId);
      await this.events.publish(issuedEvent(part), `${part.id}.issued`);
    }
  }

  async *consume(signal: AbortSignal): AsyncGenerator<CommandDelivery, void, undefined> {
    const stream = this.link.subjects.streams.commands;
    const config = commandConsumerConfig(ARBITER_DURABLE);
    const prepare = (): ReturnType<typeof prepareConsumer> => prepareConsumer(this.link, stream, config);
    const inFlightMax = COMMANDS_IN_FLIGHT_MAX;
    for await (const { message, settlement } of readWorkQueue(this.link, this.held, { prepare, inFlightMax, signal })) {
      const command = commandOf(message.data);
      if (command === null) settlement.term('not a command');
      else yield { command, deliveryCount: deliveryInfo(message).deliveryCount, ...settlement };
    }
  }
}

/** Null for bytes that are no command: nobody could do anything with them. */
function commandOf(data: Uint8Array): Command | ChannelCommand | null {
  try {
    return decodeJson(data, 'a command') as Command | ChannelCommand;
  } catch {
    return null;
  }
}

const issuedEvent = (command: Command): CommandEvent => ({
  v: 1,
  kind: 'command-issued',
  at: command.issuedAt,
  who: command.author,
  pipelineId: command.pipelineId,
  epoch: command.aboutEpoch,
  process: null,
  traceId: trace.getActiveSpan()?.spanContext().traceId ?? null,
  command,
  outcome: 'issued',
});
