import { expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { LargeYamlReader } from '../src/documents/large-yaml-reader.ts';
import { readYaml, writeYaml } from '../src/documents/yaml-text.ts';
import { channelDocument, mapping, pipeline } from './channel-documents.ts';

// Goal: a large text is read as a small one is, and other requests go on meanwhile.
// Method: texts with a thousand mappings, in the thread of the built service.

const mappings = Array.from({ length: 1_000 }, (_, index) => mapping(`table_${String(index)}`));
const large = writeYaml(channelDocument('large', pipeline('one', { mappings })));

const problem = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => 'was read',
    (error: unknown) => `${SyncError.of(error).code}: ${String(SyncError.of(error).details['problem'])}`,
  );

it('a large text is read beside other work', async () => {
  const reader = new LargeYamlReader();
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 1);
  try {
    expect(await reader.read(large)).toEqual(readYaml(large));
    expect(turns).toBeGreaterThan(0);
  } finally {
    clearInterval(turning);
  }
}, 60_000);

it('what is refused of a small text is refused of a large one, and the next is read', async () => {
  const reader = new LargeYamlReader();
  const [twice, next] = await Promise.all([problem(reader.read(`${large}\nformat: x\n`)), reader.read(large)]);
  expect(twice).toMatch(/^REQUEST_INVALID: Line \d+: the field format is there twice$/);
  expect(next).toEqual(readYaml(large));
}, 60_000);

it('a text that takes too long is refused', async () => {
  const words = 'REQUEST_INVALID: It takes longer than 1 ms to read';
  expect(await problem(new LargeYamlReader(1).read(large))).toBe(words);
}, 60_000);
