import { SERVICES } from '@lutra/model';
import type { ServiceName } from '@lutra/model';
import { FaultProxy } from '@lutra/testing';
import type { DatabaseServer, StackServers } from '@lutra/testing';
import type { ApplyMode } from '@lutra/model';

/** What is at the other end. */
export const PEERS = ['nats', 'zookeeper', 'source', 'target', 'store'] as const;
export type Peer = (typeof PEERS)[number];

/** The way of one part to another one; nothing else goes through its proxy. */
export interface ChaosLink {
  readonly service: ServiceName;
  /** Of the service; null = both share the link, which is that of a pipeline. */
  readonly instance: number | null;
  readonly pipeline: ApplyMode | null;
  readonly peer: Peer;
  /** 'load-1 → nats', 'load → target (merged)'. */
  readonly name: string;
  readonly proxy: FaultProxy;
}

/** Opens a proxy for each way there is: every instance to NATS and ZooKeeper, managers to their store, each pipeline to its databases. */
export async function openLinks(
  servers: StackServers,
  modes: readonly ApplyMode[],
  instances: number,
): Promise<ChaosLink[]> {
  const addresses: Record<Peer, { readonly host: string; readonly port: number }> = {
    nats: addressOf(servers.nats.servers),
    zookeeper: addressOf(servers.zookeeper.servers),
    source: servers.source,
    target: servers.target,
    store: servers.manager,
  };
  const open = async (link: Omit<ChaosLink, 'proxy' | 'name'>): Promise<ChaosLink> => {
    const { service, instance, pipeline, peer } = link;
    const { host, port } = addresses[peer];
    const from = instance === null ? service : `${service}-${String(instance)}`;
    const name = `${from} → ${peer}${pipeline === null ? '' : ` (${pipeline})`}`;
    return { ...link, name, proxy: await FaultProxy.open({ host, port }) };
  };
  const numbers = Array.from({ length: instances }, (_, index) => index + 1);
  const ways = SERVICES.flatMap((service) =>
    numbers.flatMap((instance) =>
      (['nats', 'zookeeper', ...(service === 'manager' ? (['store'] as const) : [])] as const).map((peer) =>
        open({ service, instance, pipeline: null, peer }),
      ),
    ),
  );
  const databases = modes.flatMap((pipeline) => [
    open({ service: 'select', instance: null, pipeline, peer: 'source' }),
    open({ service: 'load', instance: null, pipeline, peer: 'target' }),
  ]);
  return Promise.all([...ways, ...databases]);
}

/** Environment that leads one instance through its own proxies. */
export function linkEnv(
  links: readonly ChaosLink[],
  instance: { readonly service: ServiceName; readonly number: number },
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { service, instance: number, peer, proxy } of links) {
    if (service !== instance.service || number !== instance.number) continue;
    if (peer === 'nats') env['LUTRA_NATS_SERVERS'] = proxy.address;
    if (peer === 'zookeeper') env['LUTRA_ZOOKEEPER_SERVERS'] = proxy.address;
    if (peer === 'store') env['MANAGER_DATABASE_PORT'] = String(proxy.port);
  }
  return env;
}

/** The same login through the link. */
export const through = (link: ChaosLink, server: DatabaseServer): DatabaseServer => ({
  ...server,
  host: link.proxy.host,
  port: link.proxy.port,
});

function addressOf(server: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = server.split(':');
  return { host, port: Number(port) };
}
