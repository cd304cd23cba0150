import type { Permit } from '@lutra/model';
import { must } from '@lutra/model';
import type { TlsMaterial } from '@lutra/testing';
import type { Furnished } from './furnished-installation.ts';
import { PAUSED } from './furnished-installation.ts';
import type { Answer, Installation, RunningManager } from './running-manager.ts';

/** Where calls are made. */
export interface World {
  readonly installation: Installation;
  readonly manager: RunningManager;
  readonly furnished: Furnished;
  readonly tls: TlsMaterial;
}

export const PASSWORD = 'seven old bicycles';
const NAMES = { source: 'c', target: 'd' };
/** One of each kind of rule. */
export const RULES = {
  rows: {
    filter: 'a == 1',
    leaveOut: ['delete'],
    softDelete: { column: 'gone', deleted: 'yes', present: 'no' },
    explode: { column: 'a', by: { kind: 'delimiter', separator: ',' }, as: 'part', positionAs: 'no' },
  },
  columns: [
    {
      target: 'masked',
      from: { kind: 'column', column: 'a' },
      steps: [
        { kind: 'default', value: 'd', when: 'both' },
        { kind: 'map', entries: [{ from: '1', to: 'one' }], otherwise: { kind: 'value', value: 'other' } },
        { kind: 'json', path: '$.a' },
        { kind: 'split', separator: ',', index: 0 },
        { kind: 'partial', keepStart: 1, keepEnd: 1, with: '*' },
        { kind: 'hash', key: 'a long masking key', length: 16 },
        { kind: 'token', key: 'another masking key' },
      ],
    },
    {
      target: 'converted',
      from: { kind: 'column', column: 'b' },
      steps: [{ kind: 'convert', type: 'datetime(6)', onLoss: 'null', format: 'yyyy', zone: 'UTC', charset: 'latin1' }],
    },
    { target: 'joined', from: { kind: 'concat', columns: ['a', 'b'], separator: ' ' } },
    { target: 'constant', from: { kind: 'constant', value: 'c' } },
    { target: 'computed', from: { kind: 'expression', expression: '1 + 1' } },
    { target: 'at', from: { kind: 'fact', fact: 'commitTime' } },
  ],
  script: {
    source: 'function transform(row) { return row; }',
    columns: [{ name: 'made', type: 'int' }],
    timeMs: 10,
    memoryBytes: 8_388_608,
  },
  route: { expression: "'v' + '1'", tables: ['v1', 'v2'] },
  columnGroups: [['a', 'b']],
};

/** What the texts of mappings depend on is in none of the others. */
export const MAPPINGS = [
  { table: { exact: 't' }, target: 'e', columns: { mode: 'list', columns: [NAMES] } },
  { table: { exact: 'u' }, target: 'f', onConflict: { kind: 'latestWins', column: 'd' } },
  { table: { regex: 'a|b' }, columns: { mode: 'except', names: ['x'], renames: [NAMES] } },
  {
    table: { range: 'o_[1-2]' },
    target: 'p_[1-2]',
    onConflict: { kind: 'merge', deltaColumns: ['d'], columns: ['e'] },
  },
  { table: { exact: 'v' }, target: 'g', rules: RULES },
  {
    table: { exact: 'w' },
    target: 'h',
    rules: {
      lookups: [{ name: 'city', schema: 's', table: 'c', key: [{ column: 'id', expression: 'a' }], columns: ['name'] }],
      columns: [{ target: 'city', from: { kind: 'lookup', lookup: 'city', column: 'name' } }],
    },
  },
  {
    table: { exact: 'x' },
    target: 'i',
    rules: { processors: [{ name: '@lutra/example-processor', settings: { column: 'a', countryCode: '43' } }] },
  },
  {
    table: { exact: 'y' },
    target: 'j',
    rules: {
      aggregate: {
        groupBy: [{ expression: 'a', target: 'a' }],
        count: 'n',
        values: [{ function: 'sum', expression: 'b', target: 'total' }],
      },
    },
  },
];

/** Where look-ups read: a request has an id, a document a name. */
export type LookupSource = { readonly dataSourceId: string } | { readonly dataSource: string };

export const mappingsInto = (schema: string, lookupSource: LookupSource): readonly Record<string, unknown>[] =>
  MAPPINGS.map(({ table, target, rules, ...rest }) => ({
    ...{ source: { schema: 's', table }, target: { schema, ...(target === undefined ? {} : { table: target }) } },
    ...rest,
    ...(rules === undefined ? {} : { rules: lookingAt(rules, lookupSource) }),
  }));

const lookingAt = (rules: object, source: LookupSource): object =>
  'lookups' in rules ? { ...rules, lookups: (rules.lookups as object[]).map((one) => ({ ...one, ...source })) } : rules;

export const REASON = { reason: 'a test' };

/** What calls are made of: names that are new, and things that are nobody else's. */
export class Workshop {
  private count = 0;

  constructor(readonly world: World) {}

  name(): string {
    this.count += 1;
    return `fresh ${String(this.count)}`;
  }

  known(collection: string, place = 0): string {
    return must(this.world.furnished.existing[collection]?.[place], `there is one of ${collection}`);
  }

  create(path: string, body: object = {}): Promise<string> {
    return this.world.manager.create(path, { name: this.name(), ...body });
  }

  remove(path: string): Promise<Answer> {
    return this.world.manager.request('DELETE', `/api/v1/${path}`);
  }

  /** A pipeline whose databases do not exist. */
  pipeline(): Promise<string> {
    return this.create('pipelines', this.places());
  }

  /** Where one is, in a pipeline of its own. */
  async mapping(kind = 0): Promise<string> {
    const path = `pipelines/${await this.pipeline()}/mappings`;
    return `${path}/${await this.world.manager.create(path, this.mappings()[kind])}`;
  }

  /** One of each kind, into a schema of their own. */
  mappings(): readonly Record<string, unknown>[] {
    return mappingsInto(this.name(), { dataSourceId: this.known('data-sources', 2) });
  }

  places(): Record<string, string> {
    const [sourceId, targetId] = [this.known('data-sources', 2), this.known('data-sources', 3)];
    return { channelId: this.known('channels', 1), sourceId, targetId };
  }

  async permit(state: Permit['state']): Promise<void> {
    const { coordinator } = this.world.manager;
    const id = this.known('pipelines');
    const standing = await coordinator.permit(id);
    await coordinator.writePermit(id, { ...PAUSED, state }, standing?.version ?? null);
  }

  /** Whether the transaction is done, by a pipeline that does not run. */
  async isBehind(gtid: string): Promise<boolean> {
    await this.permit('PAUSED');
    const { text } = await this.world.manager.request('GET', `/api/v1/pipelines/${this.known('pipelines')}/positions`);
    const { place } = JSON.parse(text) as { readonly place: object };
    return JSON.stringify(place).includes(`"${gtid}"`);
  }

  /** The skips of a pipeline that has not done the transaction. */
  async skipsBefore(gtid: string): Promise<string> {
    const path = `pipelines/${this.known('pipelines')}`;
    const body = { to: { kind: 'gtid', gtid: before(gtid) }, force: true, ...REASON };
    if (await this.isBehind(gtid))
      await this.world.manager.request('POST', `/api/v1/${path}/positions/rewind`, { body });
    return `${path}/skips`;
  }

  async session(): Promise<{ readonly token: string; readonly name: string }> {
    const name = this.name();
    await this.create('users', { name, password: PASSWORD, role: 'viewer' });
    const { body } = await this.world.manager.request('POST', '/api/v1/login', {
      headers: { authorization: '' },
      body: { name, password: PASSWORD },
    });
    return { token: String(body['token']), name };
  }
}

/** The transaction before it, in its domain. */
export const before = (gtid: string): string => gtid.replace(/\d+$/, (sequence) => String(Number(sequence) - 1));
