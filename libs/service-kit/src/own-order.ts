import { SyncError } from '@lutra/model';
import type { InstanceOrder, LogLevel } from '@lutra/model';
import type { ServiceContext } from './service-context.ts';
import { Watched } from './watched.ts';

const REWATCH_MS = 1_000;

/**
 * What a person has ordered of this instance, followed from before it takes any work: an order outlives restarts. While
 * ZooKeeper is away, the last known order holds.
 */
export class OwnOrder extends Watched {
  private known: InstanceOrder | null | undefined;

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

  get logLevel(): LogLevel {
    return this.known?.logLevel ?? this.context.env.LUTRA_LOG_LEVEL;
  }

  /** Follows until the signal aborts; a watch that breaks is set again. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, coordinator, identity, log } = this.context;
    while (!signal.aborted) {
      try {
        for await (const order of coordinator.watchInstanceOrder(identity.instance, signal)) {
          this.known = order;
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
