import { must } from '@lutra/model';
import type { Clock, ServerAddress } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { probeOracle } from '@lutra/sql';
import { findResource } from '../http/find-resource.ts';
import { compileDataSource } from '../publishing/compile-definition.ts';
import type { Store } from '../store/store.ts';
import type { DataSourceCheckDto, StandbyCheckDto } from './data-source-check.dto.ts';
import { DataSourceEntity } from './data-source.entity.ts';
import { findingOfFailure, findingsAsSource, probeServer } from './probe-server.ts';
import type { ServerFinding } from './probe-server.ts';

/** What a server that answered shows. */
type Shown = Omit<DataSourceCheckDto, 'reachable' | 'failure' | 'standbys'>;

const SILENT: Shown = {
  kind: null,
  version: null,
  account: null,
  variables: {},
  grants: [],
  clockAheadMs: null,
  asSource: [],
};
const PASSWORD_HASH = / IDENTIFIED (BY|VIA|WITH) .*$/i;
const NO_ORACLE_SOURCE: ServerFinding = {
  code: 'PIPELINE_SOURCE_UNSUPPORTED',
  detail: 'Lutra reads the logs of MySQL and MariaDB only',
};

/** Looks at the database of a data source from the manager's place in the network. */
export class DataSourceChecker {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly secrets: Secrets,
  ) {}

  /** An unreachable database is an answer, not an error. */
  async check(id: string): Promise<DataSourceCheckDto> {
    const entity = await this.store.run((manager) => findResource(manager, DataSourceEntity, id));
    const { host, port } = entity;
    const probe = entity.kind === 'oracle' ? this.oracle(entity) : this.server(entity);
    // All at once: a person waits, and a silent server takes five seconds.
    const standbys = Promise.all((entity.standbys ?? []).map((address) => checkStandby(address, probe)));
    try {
      return { reachable: true, failure: null, ...(await probe({ host, port })), standbys: await standbys };
    } catch (error) {
      return { reachable: false, failure: findingOfFailure(error), ...SILENT, standbys: await standbys };
    }
  }

  private server(entity: DataSourceEntity): (address: ServerAddress) => Promise<Shown> {
    const definition = compileDataSource(entity);
    return async (address) => {
      const secrets = this.secrets.ofDataSource(definition);
      const facts = await probeServer({ ...definition, ...address }, secrets, this.clock);
      const { kind, version, account, variables, clockAheadMs } = facts;
      const grants = facts.grants.map((line) => line.replace(PASSWORD_HASH, ''));
      return { kind, version, account, variables, grants, clockAheadMs, asSource: findingsAsSource(facts) };
    };
  }

  private oracle(entity: DataSourceEntity): (address: ServerAddress) => Promise<Shown> {
    const { user, serviceName, sid } = entity;
    const name =
      serviceName === null ? { sid: must(sid, 'an Oracle database has one of both') } : { service: serviceName };
    return async (address) => {
      const password = this.secrets.open(entity.passwordSealed);
      const { version, account, variables, privileges, clockAheadMs } = await probeOracle(
        { ...address, name, user, password },
        this.clock,
      );
      return {
        kind: 'oracle',
        version,
        account,
        variables,
        grants: privileges,
        clockAheadMs,
        asSource: [NO_ORACLE_SOURCE],
      };
    };
  }
}

async function checkStandby(
  { host, port }: ServerAddress,
  probe: (address: ServerAddress) => Promise<Shown>,
): Promise<StandbyCheckDto> {
  const address = `${host}:${String(port)}`;
  try {
    const { version, asSource } = await probe({ host, port });
    return { address, reachable: true, failure: null, version, asSource };
  } catch (error) {
    return { address, reachable: false, failure: findingOfFailure(error), version: null, asSource: [] };
  }
}
