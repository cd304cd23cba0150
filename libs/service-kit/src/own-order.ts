import { SyncError } from '@lutra/model';
import type { InstallationOrder, InstanceOrder, LogLevel } from '@lutra/model';
import type { ServiceContext } from './service-context.ts';
import { Watched } from './watched.ts';

const REWATCH_MS = 1_000;

/**
 * What a person has ordered of this instance and of all, followed from before it takes any work: an order outlives restarts.
 * While ZooKeeper is away, the last known order holds.
 */
export class OwnOrder extends Watched {
  private known: InstanceOrder | null | undefined;
  private ofAll: InstallationOrder | null | undefined;

  constructor(private readonly context: Pick<ServiceContext, 'clock' | 'coordinator' | 'env' | 'identity' | 'log'>) {
    super();
  }

  /** False until the first answer: nothing may be taken before. */
  get isKnown(): boolean {
    return this.known !== undefined;
  }

  /** It gives everything away and takes nothing. */
  get isDraining(): boolean {
    return this.known?.draining ?? false;
  }

  /** It keeps what it has and takes nothing new. */
  get isMaintenance(): boolean {
    return this.known?.maintenance ?? false;
  }

  get takesWork(): boolean {
    return this.isKnown && !this.isDraining && !this.isMaintenance;
  }

  get weight(): number {
    return this.known?.weight ?? this.context.env.LUTRA_WEIGHT;
  }

  /** Its own order goes before the one of all. */
  get logLevel(): LogLevel {
    return this.known?.logLevel ?? this.ofAll?.logLevel ?? this.context.env.LUTRA_LOG_LEVEL;
  }

  /** Follows until the signal aborts; a watch that breaks is set again. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { coordinator, identity } = this.context;
    await Promise.all([
      this.follow(
        () => coordinator.watchInstanceOrder(identity.instance, signal),
        (order) => (this.known = order),
        signal,
      ),
      this.follow(
        () => coordinator.watchInstallationOrder(signal),
        (order) => (this.ofAll = order),
        signal,
      ),
    ]);
  }

  private async follow<Order>(
    watch: () => AsyncIterable<Order>,
    take: (order: Order) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, log } = this.context;
    while (!signal.aborted) {
      try {
        for await (const order of watch()) {
          take(order);
          this.tell();
        }
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, code: SyncError.of(error).code }, 'own order cannot be watched');
      }
      await clock.sleep(REWATCH_MS, signal);
    }
  }
}
