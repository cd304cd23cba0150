import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { Installation } from '../running-manager.ts';
import type { RunningManager } from '../running-manager.ts';

// Goal: no number ever stands for two definitions, also when the store came back from a backup.
// Method: a manager in this process; what the bus had before the loss is put there by hand.

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let sourceId: string;
let targetId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  const database = { kind: 'mariadb', user: 'lutra', password: 'secret', host: 'db.example.com' };
  sourceId = await manager.create('data-sources', { ...database, name: 'source', port: 3301 });
  targetId = await manager.create('data-sources', { ...database, name: 'target', port: 3302 });
});

afterAll(() => installation.close());

describe('a pipeline of a restored store', () => {
  it.each([
    ['a higher number', 7, 8],
    ['another definition under the same number', 1, 3],
  ])(
    'is published above a bus that has %s',
    async (name, held, published) => {
      const id = await manager.create('pipelines', { channelId, name, sourceId, targetId });
      const untilPublished = (revision: number): Promise<unknown> =>
        waitUntil(async () => (await manager.bus.definition(id))?.revision === revision, {
          what: `revision ${String(revision)} on the bus`,
          timeoutMs: 60_000,
        });
      await untilPublished(1);
      const definition = must(await manager.bus.definition(id), 'it was published');
      await manager.bus.putDefinition({ ...definition, revision: held, name: 'of before the loss' });
      const table = `${installation.database}.definition`;
      await installation.sql(`UPDATE ${table} SET is_published = 0 WHERE pipeline_id = '${id}'`);
      await untilPublished(published);
      expect(await manager.bus.definition(id)).toMatchObject({ name, revision: published });
      const { items } = (await manager.request('GET', `/api/v1/pipelines/${id}/revisions`)).body;
      expect(items?.[0]).toMatchObject({ author: 'lutra', number: published });
    },
    180_000,
  );
});
