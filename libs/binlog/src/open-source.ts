import { must, SyncError } from '@lutra/model';
import type { ErrorCode, Place, ServerAddress } from '@lutra/model';
import { checkPlace } from './check-place.ts';
import { checkSource } from './check-source.ts';
import { SourceSession } from './source-session.ts';
import type { SourceOptions } from './source-session.ts';

export interface OpenSourceOptions {
  /** Where the pipeline stands; null before it has a place: then the first server that can be read at all is taken. */
  readonly place: Place | null;
  /** As for checkSource: schemas of the mapped tables. */
  readonly schemas: readonly string[];
  /** The address that served last: it is tried first. */
  readonly lastGood?: ServerAddress;
}

/** An address that was not taken, and why. */
export interface PassedOver {
  /** 'host:port'. */
  readonly address: string;
  readonly error: SyncError;
}

export interface OpenedSource {
  /** Its `options` name the one address that was taken: for scans and for sessions that must meet the same server. */
  readonly session: SourceSession;
  readonly address: ServerAddress;
  /** Those that were tried before, in that order. */
  readonly passedOver: readonly PassedOver[];
}

/**
 * Opens a session at the first server of a source's group that answers, can be read by this user, and can go on at the
 * place. Never guesses: a place without GTID belongs to one server uuid, and servers with another uuid are passed over.
 * When none is left it throws the error that tells most (SOURCE_LOST_TRANSACTIONS with its list before
 * SOURCE_UNREACHABLE); its sentence names each address with its reason, `details.unreachable` the addresses that did not
 * answer and may do so later.
 */
export async function openSource(source: SourceOptions, options: OpenSourceOptions): Promise<OpenedSource> {
  const passedOver: PassedOver[] = [];
  for (const address of addressesOf(source, options.lastGood)) {
    const at: SourceOptions = { ...source, definition: { ...source.definition, ...address } };
    try {
      return { session: await openOne(at, options), address, passedOver };
    } catch (error) {
      passedOver.push({ address: `${address.host}:${String(address.port)}`, error: SyncError.of(error) });
    }
  }
  throw mostTelling(passedOver);
}

async function openOne(source: SourceOptions, { place, schemas }: OpenSourceOptions): Promise<SourceSession> {
  const session = await SourceSession.open(source);
  try {
    await checkSource(session, { schemas });
    if (place !== null) await checkPlace(session, place);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

/** The configured order, with the one that served last in front. */
function addressesOf({ definition }: SourceOptions, lastGood: ServerAddress | undefined): ServerAddress[] {
  const { host, port, standbys = [] } = definition;
  const all = [{ host, port }, ...standbys];
  const isLastGood = (address: ServerAddress): boolean =>
    address.host === lastGood?.host && address.port === lastGood.port;
  return [...all.filter(isLastGood), ...all.filter((address) => !isLastGood(address))];
}

/** What a server that answers says counts more than that another does not answer. Others come first: they are mistakes. */
const TELLING: readonly ErrorCode[] = [
  'SOURCE_LOST_TRANSACTIONS',
  'SOURCE_POSITION_PURGED',
  'SOURCE_SERVER_CHANGED',
  'SOURCE_POSITION_UNKNOWN',
  'SOURCE_GRANT_MISSING',
  'SOURCE_BINLOG_FORMAT',
  'SOURCE_BINLOG_OFF',
  'SOURCE_ACCESS_DENIED',
  'SOURCE_CONNECTION_LOST',
  'SOURCE_UNREACHABLE',
];

function mostTelling(passedOver: readonly PassedOver[]): SyncError {
  const rank = ({ error }: PassedOver): number => TELLING.indexOf(error.code);
  const [most] = [...passedOver].sort((one, other) => rank(one) - rank(other));
  const { error } = must(most, 'a source has at least one address');
  if (passedOver.length === 1) return error;
  const reasons = passedOver.map(({ address, error }) => `${address}: ${reasonOf(error)}`);
  const problem = `None of the ${String(passedOver.length)} servers of the source can be read. ${reasons.join('; ')}`;
  const isSilent = ({ error }: PassedOver): boolean => error.code === 'SOURCE_UNREACHABLE';
  return new SyncError(
    error.code,
    { ...error.details, problem, unreachable: passedOver.filter(isSilent).map(({ address }) => address) },
    { cause: error },
  );
}

/** The sentence of the error without its code in front. */
const reasonOf = ({ code, sentence }: SyncError): string => `${sentence} (${code})`;
