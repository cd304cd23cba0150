import type {
  Command,
  CommandEvent,
  ErrorCode,
  EventBase,
  InstanceEvent,
  Permit,
  SnapshotEvent,
  WarningCode,
} from '@lutra/model';
import type { ArbiterParts } from './arbiter-parts.ts';

/** Writes the arbiter's decisions into the event log. */
export class Announcer {
  constructor(private readonly parts: Pick<ArbiterParts, 'bus' | 'clock' | 'identity'>) {}

  async permit(pipelineId: string, permit: Permit): Promise<void> {
    const kind = permit.state === 'RUNNING' ? 'permit-granted' : 'permit-revoked';
    await this.parts.bus.publishEvent({ ...this.base(pipelineId, permit.epoch), kind, permit });
  }

  async command(
    kind: Exclude<CommandEvent['kind'], 'command-issued'>,
    command: Command,
    result: { readonly outcome: CommandEvent['outcome']; readonly epoch: number | null },
  ): Promise<CommandEvent> {
    const event: CommandEvent = {
      ...this.base(command.pipelineId, result.epoch),
      kind,
      command,
      outcome: result.outcome,
    };
    await this.parts.bus.publishEvent(event);
    return event;
  }

  async snapshot(pipelineId: string, content: Pick<SnapshotEvent, 'form' | 'state'>): Promise<void> {
    const base = this.base(pipelineId, content.state.permit?.epoch ?? null);
    await this.parts.bus.publishEvent({ ...base, kind: 'snapshot', ...content });
  }

  async warning(
    pipelineId: string,
    warning: {
      readonly code: WarningCode | ErrorCode;
      readonly message: string;
      readonly epoch: number | null;
      readonly process?: number;
    },
  ): Promise<void> {
    const base = this.base(pipelineId, warning.epoch, warning.process ?? null);
    await this.parts.bus.publishEvent({ ...base, kind: 'warning', code: warning.code, message: warning.message });
  }

  async inquiry(pipelineId: string, epoch: number, reason: string): Promise<void> {
    await this.parts.bus.publishEvent({ ...this.base(pipelineId, epoch), kind: 'inquiry', reason });
  }

  async instance(kind: InstanceEvent['kind'], member: Pick<InstanceEvent, 'service' | 'instance'>): Promise<void> {
    const { service, instance } = member;
    await this.parts.bus.publishEvent({ ...this.base(null, null), kind, service, instance });
  }

  private base(pipelineId: string | null, epoch: number | null, process: number | null = null): EventBase {
    const { clock, identity } = this.parts;
    const at = clock.now().toISOString();
    return { v: 1, at, who: identity.instance, pipelineId, epoch, process, traceId: null };
  }
}
