import { openSecret } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { findResource } from '../http/find-resource.ts';
import { compileDataSource } from '../publishing/compile-definition.ts';
import type { Store } from '../store/store.ts';
import type { DataSourceCheckDto } from './data-source-check.dto.ts';
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
    try {
      return answerOf(await probeServer(compileDataSource(entity), password, this.clock));
    } catch (error) {
      const silent = { kind: null, version: null, account: null, variables: {}, grants: [], asSource: [] };
      return { reachable: false, failure: findingOfFailure(error), ...silent };
    }
  }
}

function answerOf(facts: ServerFacts): DataSourceCheckDto {
  const { kind, version, account, variables } = facts;
  const grants = facts.grants.map((line) => line.replace(PASSWORD_HASH, ''));
  const asSource = findingsAsSource(facts);
  return { reachable: true, failure: null, kind, version, account, variables, grants, asSource };
}
