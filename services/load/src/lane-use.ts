/** How a large segment is written: in one transaction of all lanes, or in one of each lane at the same time. */
export type SegmentWay = 'joint' | 'lanes';

/** Fewer rows than this are written in one transaction of all lanes: several would only cost more commits. */
export const LANES_ROWS_MIN = 400;

interface Estimate {
  /** Of the newest segments most. */
  microsPerRow: number;
  samples: number;
}

/** Of each way, before they are compared: the first of a service are slow for reasons of their own (new sessions, cold code). */
const SAMPLES_MIN = 2;
const NEWEST_WEIGHT = 0.3;
/** Lanes keep several cores of the target busy, so they have to be faster by this much. */
const LANES_WORTH = 0.85;
/** Segments between two looks at the way that is not taken, times as often as it is slower: a look costs a few percent at most. */
const LOOK_EVERY = 16;

/**
 * Chooses how large segments are written by what the two ways took per row lately. Lanes wait together for the target's disk
 * and use several of its cores; one session appends rows in the order of their keys, which costs the target less than
 * sessions that insert in between one another. Which is faster depends on the target and its load, so it is measured.
 * Either is right at any time. Pure: time comes in from outside.
 */
export class LaneUse {
  private readonly estimates: Readonly<Record<SegmentWay, Estimate>> = {
    joint: { microsPerRow: 0, samples: 0 },
    lanes: { microsPerRow: 0, samples: 0 },
  };
  /** Segments since the other way was taken. */
  private sinceLook = 0;

  /** `rowsMin`: smaller segments say nothing. */
  constructor(private readonly rowsMin = LANES_ROWS_MIN) {}

  /** For the next segment. */
  next(): SegmentWay {
    const { joint, lanes } = this.estimates;
    if (Math.min(joint.samples, lanes.samples) < SAMPLES_MIN) return lanes.samples <= joint.samples ? 'lanes' : 'joint';
    const way = this.faster();
    const other = way === 'lanes' ? 'joint' : 'lanes';
    const slower = Math.max(1, this.estimates[other].microsPerRow / this.estimates[way].microsPerRow);
    return this.sinceLook < LOOK_EVERY * slower ? way : other;
  }

  /** A segment is committed. */
  observe(way: SegmentWay, { rows, durationMs }: { readonly rows: number; readonly durationMs: number }): void {
    if (rows < this.rowsMin) return;
    const estimate = this.estimates[way];
    // The clock of a simulation may stand still.
    const sample = Math.max(durationMs * 1_000, 1) / rows;
    const weight = estimate.samples < SAMPLES_MIN ? 1 : NEWEST_WEIGHT;
    estimate.microsPerRow += (sample - estimate.microsPerRow) * weight;
    estimate.samples += 1;
    this.sinceLook = way === this.faster() ? this.sinceLook + 1 : 0;
  }

  private faster(): SegmentWay {
    const { joint, lanes } = this.estimates;
    return lanes.microsPerRow < joint.microsPerRow * LANES_WORTH ? 'lanes' : 'joint';
  }
}
