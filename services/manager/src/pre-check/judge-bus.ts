import type { BusFacts } from './pre-check-facts.ts';
import type { Finding } from './finding.ts';

const MIB = 1024 * 1024;
const FULL_PERCENT = 80;
/** Bodies lie in their stream once for each stage. */
const STAGES = 3;
/** Some room above what is needed now. */
const ROOM = 1.25;

/** Whether JetStream has room for what all pipelines may have on their way at once, and is not full already. */
export function judgeBus({ storage, windowBytes, queuedBytes }: BusFacts): Finding[] {
  return storage.flatMap(({ name, bytes, bytesMax }): Finding[] => {
    const subject = { place: 'bus', name } as const;
    const neededBytes = name.endsWith('_BODIES') ? windowBytes * STAGES : isQueue(name) ? queuedBytes : 0;
    const statements =
      name === 'JetStream'
        ? []
        : [{ at: 'bus' as const, sql: resize(name, Math.max(neededBytes * ROOM, bytes * 2, bytesMax)) }];
    if (neededBytes > bytesMax) {
      const explanation = `The windows of all pipelines (parallelism × maxBytes) may need ${mib(neededBytes)} MiB of ${name} at once, which takes ${mib(bytesMax)}: select then waits for room. Make the stream larger, or the windows smaller`;
      return [{ code: 'BUS_WINDOWS_TOO_LARGE', severity: 'warning', subject, explanation, statements }];
    }
    if (bytes * 100 < bytesMax * FULL_PERCENT) return [];
    const explanation = `${name} holds ${mib(bytes)} of ${mib(bytesMax)} MiB: publishing stops when it is full. Look for a pipeline whose target does not keep up, or make room`;
    return [{ code: 'BUS_NEARLY_FULL', severity: 'warning', subject, explanation, statements }];
  });
}

const isQueue = (stream: string): boolean => /_(SELECTED|EXTRACTED|TRANSFORMED)$/.test(stream);

const mib = (bytes: number): string => String(Math.ceil(bytes / MIB));

const resize = (stream: string, bytes: number): string =>
  `nats stream edit ${stream} --max-bytes=${String(Math.ceil(bytes / MIB) * MIB)} --force`;
