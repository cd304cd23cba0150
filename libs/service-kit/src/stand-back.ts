/** So long a free lease is left to the instance that is to hold it. */
export const SEAT_WAIT_MS = 3_000;
/** So long at most it is left to one that has less to do: nobody may rely on that one's taking it. */
export const SPREAD_WAIT_MS_MAX = 500;
/** Twice the work of the other one stands back for twice this time. */
const SPREAD_WAIT_MS = 100;

/** One who may take a lease. */
export interface Contender {
  readonly instance: string;
  readonly weight: number;
  /** Leases of this kind that it holds. */
  readonly leases: number;
}

/**
 * For how many ms `self` leaves a free lease to others that are live and take work: 0 when it has the seat or nobody is
 * better off after taking it. Bounded in any case, so that a better one that does nothing delays but never hinders.
 */
export function standBackMs(self: Contender, others: readonly Contender[], seat: string | undefined): number {
  if (seat === self.instance) return 0;
  if (seat !== undefined && others.some(({ instance }) => instance === seat)) return SEAT_WAIT_MS;
  const own = burdenOf(self);
  const least = Math.min(...others.map(burdenOf));
  return own <= least ? 0 : Math.min(SPREAD_WAIT_MS_MAX, (SPREAD_WAIT_MS * own) / least);
}

/** Leases per weight with one more: an instance of twice the weight takes its second while the other takes its first. */
export const burdenOf = ({ leases, weight }: Pick<Contender, 'leases' | 'weight'>): number =>
  weight > 0 ? (leases + 1) / weight : Number.POSITIVE_INFINITY;
