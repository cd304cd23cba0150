import { SyncError } from '@lutra/model';
import type { ProcessorRule, RowImage, TableDefinition } from '@lutra/model';
import type { ProcessorDefinition } from '@lutra/processor';
import { ProcessorLink } from './processor-link.ts';
import type { ProcessedImage } from './processor-link.ts';
import type { Processors } from './processors.ts';

export interface ChainContext {
  readonly stage: ProcessorDefinition['stage'];
  readonly mapping: string;
  readonly processors: Processors;
}

/** The processors of one stage for the rows of one table, one behind the other. */
export class ProcessorChain {
  /** What comes out. */
  readonly table: TableDefinition;
  /** Positions of declared columns. */
  readonly own: readonly number[];

  private constructor(
    private readonly links: readonly ProcessorLink[],
    source: TableDefinition,
  ) {
    this.table = links.at(-1)?.table ?? source;
    const given = new Set(source.columns);
    this.own = this.table.columns.flatMap((column, position) => (given.has(column) ? [] : [position]));
  }

  /**
   * Null when none of the rules is of the stage. Throws PROCESSOR_NOT_ALLOWED, PROCESSOR_NOT_LOADED, PROCESSOR_SETTINGS_INVALID,
   * PROCESSOR_NOT_FITTING.
   */
  static of(
    rules: readonly ProcessorRule[],
    source: TableDefinition,
    { stage, mapping, processors }: ChainContext,
  ): ProcessorChain | null {
    const { clock, timeoutMs } = processors.options;
    const links: ProcessorLink[] = [];
    for (const rule of rules) {
      const settled = processors.settled(rule);
      if (settled.loaded.definition.stage !== stage) continue;
      links.push(new ProcessorLink(settled, links.at(-1)?.table ?? source, { mapping, clock, timeoutMs }));
    }
    return links.length === 0 ? null : new ProcessorChain(links, source);
  }

  /** One for each image. Throws PROCESSOR_TIMEOUT, PROCESSOR_UNAVAILABLE. */
  async run(images: readonly RowImage[], signal: AbortSignal): Promise<readonly ProcessedImage[]> {
    let processed: readonly ProcessedImage[] = images;
    for (const link of this.links) {
      const present = processed.filter((image): image is RowImage => image !== null && !SyncError.is(image));
      if (present.length === 0) break;
      const made = (await link.run(present, signal)).values();
      processed = processed.map((image) =>
        image === null || SyncError.is(image) ? image : (made.next().value as ProcessedImage),
      );
    }
    return processed;
  }

  /** What it has opened is closed, as soon as nothing runs. */
  async close(): Promise<void> {
    for (const link of this.links) await link.close();
  }
}
