import { SyncError, systemClock } from '@lutra/model';
import type { Clock, ErrorCode, ProcessorRule } from '@lutra/model';
import { loadProcessor } from './load-processor.ts';
import type { LoadedProcessor } from './load-processor.ts';

export interface ProcessorOptions {
  /** LUTRA_PROCESSORS: names of packages, or of entries of packages, comma-separated; nothing else is ever loaded. */
  readonly allowed: string;
  /** LUTRA_PROCESSOR_TIMEOUT_MS: for one call. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** How a package is loaded. */
  readonly importPackage?: (name: string) => Promise<unknown>;
  /** Told once of each that cannot be used: only mappings that name it are refused. */
  readonly onFailure?: (failure: ProcessorFailure) => void;
}

/** A processor that is allowed and cannot be used. */
export interface ProcessorFailure {
  readonly name: string;
  readonly problem: string;
}

/** A processor with settings that it takes. */
export interface SettledProcessor {
  readonly name: string;
  readonly loaded: LoadedProcessor;
  readonly settings: unknown;
}

/**
 * The processors that this installation allows. Packages are code of the installation's own and run as the service does: what
 * is not in the list is not loaded, whatever a mapping says. Law: a name is compared with the list as it is written.
 */
export class Processors {
  private readonly names: ReadonlySet<string>;
  private readonly found = new Map<string, LoadedProcessor | ProcessorFailure>();
  private loading: Promise<void> | null = null;

  constructor(readonly options: ProcessorOptions) {
    this.names = new Set(options.allowed.split(',').filter((name) => name !== ''));
  }

  /** Where none is allowed. */
  static none(): Processors {
    return new Processors({ allowed: '', timeoutMs: 1, clock: systemClock });
  }

  /** To be awaited before mappings are compiled or checked. Loads each package once, and never throws. */
  load(): Promise<void> {
    this.loading ??= this.loadAll();
    return this.loading;
  }

  /** Throws PROCESSOR_NOT_ALLOWED, PROCESSOR_NOT_LOADED, PROCESSOR_SETTINGS_INVALID. */
  settled({ name, settings }: ProcessorRule): SettledProcessor {
    if (!this.names.has(name)) {
      const allowed = this.names.size === 0 ? 'none is' : [...this.names].join(', ');
      refuse('PROCESSOR_NOT_ALLOWED', name, `The processor ${name} is not allowed here; allowed: ${allowed}`);
    }
    const found = this.found.get(name) ?? { name, problem: 'it is still being loaded' };
    if ('problem' in found)
      refuse('PROCESSOR_NOT_LOADED', name, `The processor ${name} cannot be loaded: ${found.problem}`);
    const given = found.settingsOf(settings);
    if (given.problem !== null)
      refuse('PROCESSOR_SETTINGS_INVALID', name, `The settings of the processor ${name}: ${given.problem}`);
    return { name, loaded: found, settings: given.settings };
  }

  private async loadAll(): Promise<void> {
    for (const name of this.names) {
      const found = await loadProcessor(name, this.options);
      this.found.set(name, found);
      if ('problem' in found) this.options.onFailure?.(found);
    }
  }
}

function refuse(code: ErrorCode, processor: string, problem: string): never {
  throw new SyncError(code, { problem, processor });
}
