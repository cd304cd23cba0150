import { SyncError } from '@lutra/model';
import type { InstanceOrder, Seats } from '@lutra/model';
import type { Coordinator, LeaseKind } from '@lutra/coordination';
import type { CommandAcceptedDto, MoveRequestDto } from '../commands/command.dto.ts';
import type { CommandService } from '../commands/command.service.ts';
import type { Asked } from '../commands/repeated-request.ts';
import type { InstanceService } from '../instances/instance.service.ts';

const LEASES: Readonly<Record<MoveRequestDto['stage'], LeaseKind>> = { select: 'mainstem', load: 'loader' };

/** Moves the lease of a running pipeline to a named instance: a graceful RESTART that names the seat. */
export class PipelineMover {
  constructor(
    private readonly commands: CommandService,
    private readonly instances: InstanceService,
    private readonly coordinator: Coordinator,
  ) {}

  /**
   * Throws INSTANCE_NOT_ELIGIBLE when the instance cannot take it, RESOURCE_CONFLICT when the pipeline does not run. The
   * command is void when the epoch that was seen here has passed before the arbiter has it.
   */
  async move(pipelineId: string, { stage, instance, reason }: MoveRequestDto, by: Asked): Promise<CommandAcceptedDto> {
    // A repeat is answered with what it gave the first time, whatever has become of the instance since.
    const named = { scope: `move ${pipelineId}`, content: { stage, instance, reason } };
    const repeated = await this.commands.repeatOf(by, named);
    if (repeated !== null) return repeated;
    const permit = (await this.coordinator.permit(pipelineId))?.permit ?? null;
    if (permit?.state !== 'RUNNING') {
      const state = permit?.state ?? 'STOPPED';
      const problem = `The pipeline is ${state}: set preferredSelect or preferredLoad, and START it`;
      throw new SyncError('RESOURCE_CONFLICT', { problem, state });
    }
    await this.requireEligible(stage, instance);
    const holder = await this.coordinator.leaseHolder(pipelineId, LEASES[stage]);
    if (holder?.instance === instance && permit.seats?.[LEASES[stage]] === instance) {
      const problem = `${instance} has it already`;
      throw new SyncError('RESOURCE_CONFLICT', { problem, instance });
    }
    const seats: Seats = { [LEASES[stage]]: instance };
    const order = { kind: 'RESTART', reason, isGraceful: true, seats, aboutEpoch: permit.epoch } as const;
    return this.commands.issue(pipelineId, order, { ...by, named });
  }

  private async requireEligible(stage: MoveRequestDto['stage'], instance: string): Promise<void> {
    const member = await this.instances.member(instance);
    const order = await this.coordinator.instanceOrder(instance);
    const refuse = (why: string, sentence: string): never => {
      throw new SyncError('INSTANCE_NOT_ELIGIBLE', { problem: `${instance} ${sentence}`, instance, why });
    };
    if (member === null) return refuse('dead', 'is not alive, or is no instance at all');
    if (member.service !== stage) refuse('service', `is of ${member.service}, not of ${stage}`);
    if (member.draining || isOrdered(order, 'draining')) refuse('draining', 'is draining');
    if (member.maintenance === true || isOrdered(order, 'maintenance')) refuse('maintenance', 'is in maintenance');
  }
}

/** An order counts from when it is given, not from when the instance has heard it. */
const isOrdered = (order: InstanceOrder | null, what: 'draining' | 'maintenance'): boolean => order?.[what] === true;
