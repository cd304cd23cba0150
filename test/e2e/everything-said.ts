import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import zookeeper from 'node-zookeeper-client';
import { connectTo } from '@lutra/testing';
import type { E2eStack } from './e2e-stack.ts';

/** Everything that an installation says or keeps, as text, by where it stands. */
export type Said = Map<string, string>;

/** What the services have written to their logs, at all levels. */
export function readLogs({ stack }: E2eStack, said: Said): void {
  for (const name of readdirSync(stack.logFolder))
    said.set(`log ${name}`, readFileSync(join(stack.logFolder, name), 'utf8'));
}

/** Every message of every stream, with its headers: queues, event log, and the streams behind the buckets. */
export async function readStreams({ stack }: E2eStack, said: Said): Promise<void> {
  const { servers, user, password } = stack.options.servers.nats;
  const nats = await connect({ servers: servers.split(','), user, pass: password });
  try {
    const manager = await jetstreamManager(nats);
    for await (const { config, state } of manager.streams.list()) {
      if (!config.name.toLowerCase().includes(stack.namespace.toLowerCase())) continue;
      const texts = [JSON.stringify(config)];
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        // What is done is gone from a queue.
        const message = await manager.streams.getMessage(config.name, { seq }).catch(() => null);
        if (message === null) continue;
        const headers = [...message.header].map(([name, values]) => `${name}: ${values.join(',')}`);
        texts.push(message.subject, ...headers, Buffer.from(message.data).toString('latin1'));
      }
      said.set(`stream ${config.name}`, texts.join('\n'));
    }
  } finally {
    await nats.close();
  }
}

/** Every node below the installation's root. */
export async function readZookeeper({ stack }: E2eStack, said: Said): Promise<void> {
  const { servers, auth } = stack.options.servers.zookeeper;
  const client = zookeeper.createClient(servers);
  client.connect();
  await new Promise<void>((resolve) => {
    client.once('connected', resolve);
  });
  client.addAuthInfo('digest', Buffer.from(auth));
  const walk = async (path: string): Promise<void> => {
    said.set(`znode ${path}`, `${path} ${await contentOf(client, path)}`);
    for (const name of await childrenOf(client, path)) await walk(`${path}/${name}`);
  };
  await walk(`/${stack.namespace}`);
  client.close();
}

/** An ephemeral node may go meanwhile. */
const contentOf = (client: zookeeper.Client, path: string): Promise<string> =>
  new Promise((resolve) => {
    client.getData(path, (error: unknown, content: Buffer | undefined) => {
      resolve(error || content === undefined ? '' : content.toString('latin1'));
    });
  });

const childrenOf = (client: zookeeper.Client, path: string): Promise<string[]> =>
  new Promise((resolve) => {
    client.getChildren(path, (error: unknown, children: string[]) => {
      resolve(error ? [] : children);
    });
  });

/** Every row of the manager's database. */
export async function readStore({ stack }: E2eStack, said: Said): Promise<void> {
  const database = `${stack.namespace}_manager`;
  const connection = await connectTo(stack.options.servers.manager, database);
  const rowsOf = async (sql: string) =>
    (await connection.query(sql))[0] as unknown as readonly Record<string, unknown>[];
  try {
    for (const row of await rowsOf('SHOW TABLES')) {
      const table = String(Object.values(row)[0]);
      said.set(`table ${table}`, JSON.stringify(await rowsOf(`SELECT * FROM \`${table}\``)));
    }
  } finally {
    connection.destroy();
  }
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The answer to every GET route, for everything that the lists show, and what every service says of itself. */
export async function readAnswers(
  { stack }: E2eStack,
  names: Readonly<Record<string, string>>,
  said: Said,
): Promise<void> {
  const token = readFileSync(stack.tokenFile, 'utf8').trim();
  const get = async (url: string): Promise<string> => {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(60_000),
    });
    const text = `${JSON.stringify([...response.headers])}\n${await response.text()}`;
    said.set(`answer ${url.slice(stack.api.address.length)}`, text);
    return text;
  };
  const document = await get(`${stack.api.address}/api/docs-json`);
  const { paths } = JSON.parse(document.slice(document.indexOf('\n') + 1)) as OpenApi;
  const routes = Object.entries(paths).flatMap(([path, methods]) => ('get' in methods ? [path] : []));
  for (const route of routes) {
    const known = Object.entries(names).reduce((path, [name, value]) => path.replace(`{${name}}`, value), route);
    if (!known.includes('{id}')) await get(stack.api.address + known);
    else
      for (const id of await idsIn(get, `${stack.api.address}${known.slice(0, known.indexOf('/{id}'))}`))
        await get(stack.api.address + known.replace('{id}', encodeURIComponent(id)));
  }
  for (const { name, httpAddress } of stack.allInstances)
    for (const path of ['/metrics', '/health/ready', '/health/live']) {
      const response = await fetch(`${httpAddress}${path}`, { signal: AbortSignal.timeout(60_000) });
      said.set(`${name}${path}`, await response.text());
    }
}

async function idsIn(get: (url: string) => Promise<string>, url: string): Promise<string[]> {
  const text = await get(url);
  const { items = [] } = JSON.parse(text.slice(text.indexOf('\n') + 1)) as { items?: readonly { id?: string }[] };
  return items.flatMap(({ id }) => id ?? []).slice(0, 20);
}
