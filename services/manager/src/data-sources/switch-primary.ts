import { SyncError } from '@lutra/model';
import type { Clock, ServerAddress } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { recordAudit } from '../audit/record-audit.ts';
import { findResource } from '../http/find-resource.ts';
import type { Plain } from '../http/plain.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import { requireMatch } from '../http/require-match.ts';
import type { Caller } from '../http/token.guard.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { compileDataSource } from '../publishing/compile-definition.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { pipelinesOf, reviseDefinitions } from '../publishing/revisions.ts';
import type { Store } from '../store/store.ts';
import type { DataSourceDto, DataSourceSwitchDto } from './data-source.dto.ts';
import { DataSourceEntity } from './data-source.entity.ts';
import { dataSourceDtoOf } from './data-source.service.ts';
import { findingsAsSource, probeServer } from './probe-server.ts';
import type { ServerFacts } from './probe-server.ts';

/**
 * Makes another server of a group the first: the one that targets are written to, and that sources are looked for at first.
 * Pipelines get it with their next revision; a source goes over to it with its next epoch.
 */
export class PrimarySwitch {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly publisher: Publisher;
      readonly secrets: Secrets;
    },
  ) {}

  /**
   * Asks the server first, unless `force`: it has to answer, to be of the data source's kind, and to do for the pipelines that
   * use it. Throws REQUEST_INVALID (it is none of the group), RESOURCE_CONFLICT (it would not do), TARGET_UNREACHABLE,
   * TARGET_ACCESS_DENIED.
   */
  async switch(
    id: string,
    { host, port, force = false }: DataSourceSwitchDto,
    by: { caller: Caller; ifMatch: string | undefined },
  ): Promise<Plain<DataSourceDto>> {
    const { store, clock, publisher } = this.parts;
    const seen = await store.run((manager) => findResource(manager, DataSourceEntity, id));
    standbyAt(seen, { host, port });
    if (!force) await this.requireAble(seen, { host, port });
    const now = clock.now();
    const switched = await store.change(async (manager) => {
      const entity = await findResource(manager, DataSourceEntity, id);
      requireMatch(entity.version, by.ifMatch);
      const before = dataSourceDtoOf(entity);
      const at = standbyAt(entity, { host, port });
      const former = { host: entity.host, port: entity.port };
      const standbys = (entity.standbys ?? []).map((one, index) => (index === at ? former : one));
      Object.assign(entity, { host, port, standbys, updatedAt: now });
      const after = dataSourceDtoOf(await manager.save(entity));
      await reviseDefinitions(manager, await pipelinesOf(manager, id), { caller: by.caller, at: now });
      const write = { action: 'update', resource: 'data-source', resourceId: id, before, after } as const;
      await recordAudit(manager, write, { caller: by.caller, at: now });
      return after;
    });
    publisher.wake();
    return switched;
  }

  private async requireAble(entity: DataSourceEntity, address: ServerAddress): Promise<void> {
    const definition = { ...compileDataSource(entity), ...address };
    const facts = await probeServer(definition, this.parts.secrets.ofDataSource(definition), this.parts.clock);
    const uses = await this.parts.store.run(async (manager) => ({
      asSource: await manager.existsBy(PipelineEntity, { sourceId: entity.id }),
      asTarget: await manager.existsBy(PipelineEntity, { targetId: entity.id }),
    }));
    const reasons = reasonsAgainst(facts, { kind: entity.kind, ...uses });
    if (reasons.length === 0) return;
    const problem = `${address.host}:${String(address.port)} would not do as the first server: ${reasons.join('; ')}`;
    throw new SyncError('RESOURCE_CONFLICT', { problem, reasons });
  }
}

/** What keeps a server from the place of the first; empty = nothing. */
export function reasonsAgainst(
  facts: ServerFacts,
  use: { readonly kind: string; readonly asSource: boolean; readonly asTarget: boolean },
): readonly string[] {
  const { kind, variables } = facts;
  return [
    ...(kind === use.kind ? [] : [`it is ${kind}, not ${use.kind}`]),
    ...(use.asTarget && variables['read_only'] === 'ON'
      ? ['it is read-only, and pipelines write to this data source']
      : []),
    ...(use.asSource ? findingsAsSource(facts).map(({ detail }) => detail) : []),
  ];
}

/** Position among the standbys. Throws REQUEST_INVALID. */
function standbyAt({ name, standbys }: DataSourceEntity, { host, port }: ServerAddress): number {
  const group = standbys ?? [];
  const at = group.findIndex((one) => one.host.toLowerCase() === host.toLowerCase() && one.port === port);
  if (at >= 0) return at;
  const known = group.map((one) => `${one.host}:${String(one.port)}`).join(', ');
  throw fieldRefusal(
    'host',
    `host and port have to be those of a standby of ${name}: ${known === '' ? 'it has none' : known}`,
  );
}
