import { randomInt } from 'node:crypto';
import { Bell, SyncError } from '@lutra/model';
import type { InstanceDescription, Placement, ProcessIdentity, ServiceName } from '@lutra/model';
import type { ServiceContext } from '../service-context.ts';
import { ANY_INSTANCE, chooseInstance, EMPTY_MEMORY } from './choose-instance.ts';
import type { PlacementMemory } from './choose-instance.ts';

/** The first look at the members is waited for so long: without it the process goes to any instance. */
const FIRST_LOOK_MS = 2_000;
const REWATCH_MS = 1_000;
/** Pipelines whose memory is kept; the one that is longest unused goes first. */
const PIPELINES_MAX = 10_000;
const RANDOM_STEPS = 2 ** 32;
const STAGE_AFTER = { extract: 'transform', transform: 'load' } as const;

/**
 * Names the instance of the next stage that a process is handed to, by the pipeline's placement. Members are watched from
 * the first placement other than `any` on, until the coordinator closes. While ZooKeeper is away the answer is 'any': who
 * lives is not known then. One per service, so that its watches and its memory serve all pipelines.
 */
export class ProcessRouter {
  private readonly memories = new Map<string, PlacementMemory>();
  private readonly members = new Map<ServiceName, readonly InstanceDescription[]>();
  private firstLook: Promise<void> | null = null;
  private readonly bell: Bell;

  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'coordinator' | 'identity' | 'log'>,
    private readonly stage: keyof typeof STAGE_AFTER,
    private readonly random: () => number = () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
  ) {
    this.bell = new Bell(context.clock);
  }

  /** The target of the process: an instance, or 'any'. Never rejects. */
  async target(
    process: ProcessIdentity,
    { policy, parallelism }: { readonly policy: Placement; readonly parallelism: number },
  ): Promise<string> {
    if (policy === 'any') return ANY_INSTANCE;
    this.firstLook ??= this.watch();
    await this.firstLook;
    const { coordinator, identity } = this.context;
    if (!coordinator.isHealthy()) return ANY_INSTANCE;
    const { pipelineId } = process;
    const question = {
      policy,
      process,
      parallelism,
      members: this.members.get(this.stage) ?? [],
      hostsAfter: new Set(this.members.get(STAGE_AFTER[this.stage])?.map(({ host }) => host)),
      ownHost: this.stage === 'extract' ? identity.host : null,
      random: this.random,
    };
    const { instance, memory } = chooseInstance(question, this.memories.get(pipelineId) ?? EMPTY_MEMORY);
    this.remember(pipelineId, memory);
    return instance;
  }

  /** Begins to follow both stages; resolves when they are known, or when they should have been. */
  private async watch(): Promise<void> {
    const { clock } = this.context;
    const services = [this.stage, STAGE_AFTER[this.stage]];
    const limitMs = clock.monotonicMs() + FIRST_LOOK_MS;
    for (const service of services) void this.follow(service); // Never rejects; ends when the coordinator closes.
    while (services.some((service) => !this.members.has(service)) && clock.monotonicMs() < limitMs)
      await this.bell.wait(limitMs - clock.monotonicMs());
  }

  private async follow(service: ServiceName): Promise<void> {
    const { clock, coordinator, log } = this.context;
    for (const forEver = new AbortController().signal; ;) {
      try {
        for await (const members of coordinator.watchMembers(service, forEver)) {
          this.members.set(service, members);
          this.bell.ring();
        }
        return;
      } catch (error) {
        log.warn({ err: error, code: SyncError.of(error).code, service }, 'members cannot be watched');
        await clock.sleep(REWATCH_MS);
      }
    }
  }

  private remember(pipelineId: string, memory: PlacementMemory): void {
    this.memories.delete(pipelineId);
    this.memories.set(pipelineId, memory);
    const oldest = this.memories.keys().next();
    if (this.memories.size > PIPELINES_MAX && oldest.done !== true) this.memories.delete(oldest.value);
  }
}
