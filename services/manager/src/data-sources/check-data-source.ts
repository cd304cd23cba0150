import { openSecret } from '@lutra/model';
import type { Clock, ServerAddress } from '@lutra/model';
import { findResource } from '../http/find-resource.ts';
import { compileDataSource } from '../publishing/compile-definition.ts';
import type { Store } from '../store/store.ts';
import type { DataSourceCheckDto, StandbyCheckDto } from './data-source-check.dto.ts';
import { DataSourceEntity } from './data-source.entity.ts';
import { findingOfFailure, findingsAsSource, probeServer } from './probe-server.ts';
import type { ServerFacts } from './probe-server.ts';

const PASSWORD_HASH = / IDENTIFIED (BY|VIA|WITH) .*$/i;

/** Looks at the database of a data source from the manager's place in the network. */
export class DataSourceChecker {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly secretKey: string,
  ) {}

  /** An unreachable database is an answer, not an error. */
  async check(id: string): Promise<DataSourceCheckDto> {
    const entity = await this.store.run((manager) => findResource(manager, DataSourceEntity, id));
    const password = openSecret(entity.passwordSealed, this.secretKey);
    const definition = compileDataSource(entity);
    const probe = (address: ServerAddress): Promise<ServerFacts> =>
      probeServer({ ...definition, ...address }, password, this.clock);
    // All at once: a person waits, and a silent server takes five seconds.
    const standbys = Promise.all((entity.standbys ?? []).map((address) => checkStandby(address, probe)));
    try {
      return { ...answerOf(await probe({ host: definition.host, port: definition.port })), standbys: await standbys };
    } catch (error) {
      const silent = { kind: null, version: null, account: null, variables: {}, grants: [], asSource: [] };
      return { reachable: false, failure: findingOfFailure(error), ...silent, standbys: await standbys };
    }
  }
}

async function checkStandby(
  { host, port }: ServerAddress,
  probe: (address: ServerAddress) => Promise<ServerFacts>,
): Promise<StandbyCheckDto> {
  const address = `${host}:${String(port)}`;
  try {
    const facts = await probe({ host, port });
    return { address, reachable: true, failure: null, version: facts.version, asSource: findingsAsSource(facts) };
  } catch (error) {
    return { address, reachable: false, failure: findingOfFailure(error), version: null, asSource: [] };
  }
}

function answerOf(facts: ServerFacts): Omit<DataSourceCheckDto, 'standbys'> {
  const { kind, version, account, variables } = facts;
  const grants = facts.grants.map((line) => line.replace(PASSWORD_HASH, ''));
  const asSource = findingsAsSource(facts);
  return { reachable: true, failure: null, kind, version, account, variables, grants, asSource };
}
