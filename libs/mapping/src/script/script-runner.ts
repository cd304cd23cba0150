import { setImmediate } from 'node:timers/promises';
import { EncodedText, must, systemClock } from '@lutra/model';
import type { Clock, ColumnDefinition, ColumnValue, RowImage, SyncError } from '@lutra/model';
import type { RowFacts } from '../compiled-value.ts';
import { givenValueOf, REFUSED } from './given-value.ts';
import type { GivenValue } from './given-value.ts';
import { FACT_COUNT, IMAGES, KINDS, LARGE, THREW } from './sandbox-program.ts';
import type { SandboxReader, SandboxValue } from './sandbox-values.ts';
import { KEPT, SandboxWriter } from './sandbox-values.ts';
import { KeptSandboxes } from './kept-sandboxes.ts';
import type { SandboxHolder } from './kept-sandboxes.ts';
import { Sandbox } from './sandbox.ts';
import type { LoadLarge, SandboxResult, SandboxSetup } from './sandbox.ts';
import { noRow, noValue, scriptThrew, tookTooMuch } from './script-failure.ts';

/** An image of a row that the script is asked of: its columns mapped, the script's own columns not yet there. */
export interface ScriptImage {
  readonly which: (typeof IMAGES)[number];
  readonly image: RowImage;
  readonly facts: RowFacts;
}

export interface ScriptOutcome {
  /** The rows that the image stands for, or why the row is refused. */
  readonly rows: readonly RowImage[] | SyncError;
  /** What the script said on its console. */
  readonly lines: readonly string[];
}

/** A batch takes about this long: what a call costs is then little, and the process still answers others in between. */
const BATCH_MS = 5;
const BATCH_ROWS_FIRST = 16;
const BATCH_ROWS_MAX = 1_024;
/** Rows are written into a batch until it has as many bytes: the sandbox holds them several times over. */
const BATCH_BYTES = 1024 * 1024;
/** Values of so many characters or bytes are brought into the sandbox only when the script looks at them. */
const LARGE_MIN = 64 * 1024;
/** A machine without time for a row is given some more chances: the row can do nothing for it. */
const STALLS_MAX = 5;
/** Of all scripts of the process: 48 sandboxes that no row has made grow. */
const OPEN = new KeptSandboxes(192 * 1024 * 1024);

/**
 * Runs a script over many images. What becomes of an image depends on it and its facts alone: not on the other images of its
 * batch, and not on any before. So a batch that takes too much is run again image by image, and an image whose memory did not
 * suffice in a sandbox that others have used decides in a new one.
 */
export class ScriptRunner implements SandboxHolder {
  private opening: Promise<Sandbox> | null = null;
  private sandbox: Sandbox | null = null;
  /** Sandboxes that it has opened until now. */
  opened = 0;
  private batchRows = BATCH_ROWS_FIRST;
  private readonly writer = new SandboxWriter();
  private readonly given: readonly GivenValue[];

  /** `setup.columns`: those of an image, and behind them those that the script adds. */
  constructor(
    private readonly setup: SandboxSetup & { readonly columns: readonly ColumnDefinition[] },
    private readonly clock: Pick<Clock, 'monotonicMs'> = systemClock,
  ) {
    this.given = setup.columns.map(givenValueOf);
  }

  /** One outcome per image, in their order. Throws MAPPING_SCRIPT_INVALID. */
  async run(images: readonly ScriptImage[]): Promise<readonly ScriptOutcome[]> {
    const outcomes: ScriptOutcome[] = [];
    while (outcomes.length < images.length) {
      const sandbox = await this.usable();
      const { isFresh } = sandbox;
      const beganMs = this.clock.monotonicMs();
      const batch = this.write(images, outcomes.length);
      const result = sandbox.run(this.written(batch.length), largeOf(batch));
      if (result.kind === 'done') {
        for (const { image } of batch) outcomes.push(this.outcome(result.reader, image));
        this.adapt(batch.length, this.clock.monotonicMs() - beganMs);
      } else if (batch.length === 1 && isDecided(result, isFresh)) outcomes.push(this.tookTooMuch(result));
      else for (const image of batch) outcomes.push(await this.runAlone(image));
      await setImmediate();
    }
    return outcomes;
  }

  get heldBytes(): number {
    return this.sandbox?.heldBytes ?? 0;
  }

  release(): void {
    this.opening = null;
    this.sandbox = null;
  }

  /** With the whole limits of a row. */
  private async runAlone(image: ScriptImage): Promise<ScriptOutcome> {
    for (let stalls = 0; ;) {
      const sandbox = await this.usable();
      const { isFresh } = sandbox;
      this.write([image], 0);
      const result = sandbox.run(this.written(1), largeOf([image]));
      if (result.kind === 'done') return this.outcome(result.reader, image.image);
      if (result.kind === 'stalled' && stalls < STALLS_MAX) stalls += 1;
      else if (result.kind === 'stalled' || isDecided(result, isFresh)) return this.tookTooMuch(result);
    }
  }

  private tookTooMuch(result: Exclude<SandboxResult, { kind: 'done' }>): ScriptOutcome {
    const { names, timeMs, memoryBytes } = this.setup;
    return { rows: tookTooMuch(result, { mapping: names.mapping, timeMs, memoryBytes }), lines: [] };
  }

  /** Writes images from `first` on, at least one; returns them. */
  private write(images: readonly ScriptImage[], first: number): readonly ScriptImage[] {
    const { writer, batchRows } = this;
    writer.begin();
    let next = first;
    do {
      this.writeImage(must(images[next], 'there is another image'));
      next += 1;
    } while (next < images.length && next - first < batchRows && writer.bytes < BATCH_BYTES);
    return images.slice(first, next);
  }

  private written(count: number): ArrayBuffer {
    return this.writer.end(count * (this.given.length + FACT_COUNT));
  }

  private writeImage({ which, image, facts }: ScriptImage): void {
    const { writer } = this;
    const { length } = this.given;
    writer.value(IMAGES.indexOf(which));
    writer.value(KINDS.indexOf(facts.kind));
    writer.value(facts.gtid);
    writer.value(facts.commitMs);
    writer.value(facts.event);
    writer.value(facts.row);
    writer.value(image.some(isLarge) ? 1 : 0);
    for (let column = 0; column < length; column++) {
      const value = image[column];
      writer.value(isLarge(value) ? LARGE : value);
    }
  }

  private outcome(reader: SandboxReader, image: RowImage): ScriptOutcome {
    const status = numberOf(reader);
    let rows: readonly RowImage[] | SyncError;
    if (status >= 0) rows = this.rowsOf(reader, status, image);
    else if (status === THREW)
      rows = scriptThrew(
        { name: textOf(reader), message: textOf(reader), stack: textOf(reader) },
        this.setup.names.mapping,
      );
    else rows = this.refusal(status, reader);
    const lines: string[] = [];
    for (let count = numberOf(reader); count > 0; count--) lines.push(textOf(reader));
    return { rows, lines };
  }

  private refusal(status: number, reader: SandboxReader): SyncError {
    const { mapping } = this.setup.names;
    const what = reader.next();
    return typeof what === 'number' ? this.noValue(what) : noRow(status, String(what), mapping);
  }

  private rowsOf(reader: SandboxReader, count: number, image: RowImage): readonly RowImage[] | SyncError {
    const { given } = this;
    // A whole image becomes whole rows; of a partial one a script cannot know all.
    const missing = image.includes(undefined) ? undefined : null;
    const rows = new Array<RowImage>(count);
    let bad = -1;
    for (let index = 0; index < count; index++) {
      const row = new Array<ColumnValue | undefined>(given.length);
      for (let column = 0; column < given.length; column++) {
        const next = reader.next();
        const came = next === KEPT ? image[column] : next;
        const taken = came === undefined ? missing : came === null ? null : this.taken(came, column);
        if (taken === REFUSED) bad = column;
        else row[column] = taken;
      }
      rows[index] = row;
    }
    return bad < 0 ? rows : this.noValue(bad);
  }

  /** A large text that came, and that nobody has looked at, stays as it is. */
  private taken(
    value: Exclude<SandboxValue, null | undefined>,
    column: number,
  ): ColumnValue | typeof REFUSED | undefined {
    if (!(value instanceof EncodedText)) return this.given[column]?.take(value);
    return this.setup.columns[column]?.kind === 'text' ? value : this.given[column]?.take(value.text);
  }

  private noValue(position: number): SyncError {
    const { columns, names } = this.setup;
    const { name: column } = must(columns[position], 'the sandbox numbers the columns that it was given');
    return noValue({ mapping: names.mapping, column, expected: this.given[position]?.expected ?? '' });
  }

  private adapt(rows: number, ms: number): void {
    if (rows === this.batchRows && ms < BATCH_MS / 2) this.batchRows = Math.min(rows * 2, BATCH_ROWS_MAX);
    else if (rows <= this.batchRows && ms > BATCH_MS * 2) this.batchRows = Math.max(Math.floor(rows / 2), 1);
  }

  private async usable(): Promise<Sandbox> {
    for (;;) {
      const opening = (this.opening ??= this.open());
      try {
        const sandbox = await opening;
        if (sandbox.isUsable) {
          this.opening = opening;
          this.sandbox = sandbox;
          OPEN.use(this);
          return sandbox;
        }
      } catch (error) {
        if (this.opening === opening) this.release();
        throw error;
      }
      if (this.opening === opening) this.release();
    }
  }

  private open(): Promise<Sandbox> {
    this.opened += 1;
    return Sandbox.open(this.setup);
  }
}

function isLarge(value: ColumnValue | undefined): boolean {
  return (typeof value === 'string' || value instanceof Uint8Array) && value.length >= LARGE_MIN;
}

const largeOf =
  (batch: readonly ScriptImage[]): LoadLarge =>
  (image, column) => {
    const writer = new SandboxWriter();
    writer.begin();
    const value = batch[image]?.image[column];
    writer.value(value instanceof EncodedText ? value.text : value);
    return writer.end(1);
  };

/** A row that took too much alone: time is its own, memory only where no row had run before. */
const isDecided = ({ kind }: SandboxResult, isFresh: boolean): boolean =>
  kind === 'time' || (kind !== 'stalled' && isFresh);

const numberOf = (reader: SandboxReader): number => Number(reader.next());
const textOf = (reader: SandboxReader): string => String(reader.next());
