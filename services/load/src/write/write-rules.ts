import type { Clock, PipelineDefinition } from '@lutra/model';
import type { TableWriter, TargetSession } from '@lutra/sql';
import type { Conflict } from './conflict.ts';
import type { LetterValues } from './letter-values.ts';
import { Quarantine } from './quarantine.ts';
import { writeHow } from './write-how.ts';
import type { WriteHow } from './write-how.ts';

/** How the units of one epoch are written, by the revision of each, and what they have to hold back. */
export class WriteRules {
  readonly quarantine = new Quarantine();
  private known: WriteHow | null = null;
  private values: Pick<LetterValues, 'refresh'> | null = null;

  constructor(private readonly parts: { readonly epoch: number; readonly clock: Clock }) {}

  howFor(definition: PipelineDefinition): WriteHow {
    if (this.known?.revision !== definition.revision)
      this.known = writeHow(definition, { ...this.parts, quarantine: this.quarantine });
    return this.known;
  }

  /** Who keeps the quarantine true while tables are altered. */
  keepTrueBy(values: Pick<LetterValues, 'refresh'>): void {
    this.values = values;
  }

  /** See {@link LetterValues.refresh}; to be called with the writers of a unit's rows before it is written. */
  async refresh(session: TargetSession, rows: readonly { readonly writer: TableWriter }[]): Promise<void> {
    if (this.values === null || this.quarantine.isEmpty) return;
    await this.values.refresh(session, new Set(rows.map(({ writer }) => writer)));
  }

  /**
   * What units or slices have told is now true, or gone with its epoch. To be called before the next one is begun: rows that
   * touch what the new dead letters touch follow them. Throws TARGET_QUARANTINE_FULL.
   */
  settle(conflicts: readonly Conflict[]): void {
    for (const { letter } of conflicts) if (letter !== undefined) this.quarantine.add(letter);
  }
}
