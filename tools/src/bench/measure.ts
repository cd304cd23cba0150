/** One measure as `npm run bench -- --json` prints it. `ratio` above 1 = Lutra is faster than `vs`. */
export interface Measure {
  readonly bench: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  readonly vs: {
    readonly name: 'replica' | 'raw' | 'zongji' | 'mariadb-binlog' | 'mysqlbinlog' | 'one instance';
    readonly median: number;
  } | null;
  readonly ratio: number | null;
  readonly note: string;
}

/** Sums up the runs of one bench. For rates more is better; for delays (`unit` 'ms') less is. */
export function measureOf(
  bench: string,
  unit: 'rows/s' | 'reads/s' | 'MB/s' | 'MiB' | 'ms',
  runs: {
    readonly ours: readonly number[];
    readonly peer?: { readonly name: NonNullable<Measure['vs']>['name']; readonly values: readonly number[] };
    readonly note?: string;
  },
): Measure {
  const median = medianOf(runs.ours);
  const vs = runs.peer === undefined ? null : { name: runs.peer.name, median: round(medianOf(runs.peer.values)) };
  const faster = vs === null ? null : unit === 'ms' ? vs.median / median : median / vs.median;
  return {
    bench,
    unit,
    median: round(median),
    min: round(Math.min(...runs.ours)),
    max: round(Math.max(...runs.ours)),
    runs: runs.ours.length,
    vs,
    ratio: faster === null ? null : Math.round(faster * 100) / 100,
    note: runs.note ?? '',
  };
}

/** The line for people. */
export function describeMeasure({ bench, unit, median, min, max, runs, vs, ratio, note }: Measure): string {
  const peer = vs === null ? '' : `   ${vs.name} ${vs.median.toLocaleString('en')}   ratio ${String(ratio)}`;
  const range = `(${min.toLocaleString('en')} … ${max.toLocaleString('en')}, ${String(runs)} runs)`;
  return `${bench.padEnd(22)} ${median.toLocaleString('en').padStart(10)} ${unit.padEnd(7)} ${range}${peer}${note === '' ? '' : `   ${note}`}`;
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Value below which `share` (0…1) of the values lie. */
export function percentileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const round = (value: number): number => (value >= 100 ? Math.round(value) : Math.round(value * 100) / 100);
