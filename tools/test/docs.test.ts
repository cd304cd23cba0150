// Goal: generated pages say what the code says. A failure here means: run `npm run docs` and commit the result.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readEnvClass } from '../src/docs/read-env-class.ts';
import { renderDocs } from '../src/docs/render-docs.ts';

const root = join(import.meta.dirname, '..', '..');

it('generated pages are up to date (npm run docs)', async () => {
  for (const { path, text } of await renderDocs(root)) {
    const written = await readFile(join(root, path), 'utf8').catch(() => '');
    expect({ path, text: written }).toEqual({ path, text });
  }
}, 60_000);

describe('readEnvClass', () => {
  it('reads comment, default, limits and whether a variable is required', () => {
    const env = readEnvClass(`
const MIB = 1024 * 1024;

/** Environment of nobody. */
export class NobodyEnv extends BaseEnv {
  /** Servers, comma-separated
   * over two lines. */
  @Matches(LIST, { message: 'a (list)' })
  NOBODY_SERVERS!: string;

  @IsOptional()
  NOBODY_NAME?: string;

  /** Bytes. */
  @Type(() => Number)
  @IsInt()
  @Min(MIB)
  @Max(64 * MIB)
  override NOBODY_BYTES_MAX = 2 * MIB;

  /** How loud. */
  @IsIn(['low', 'high'])
  NOBODY_LEVEL: 'low' | 'high' = 'low';

  @Min(1_000)
  NOBODY_WAIT_MS = 10_000;
}
`);
    expect(env).toMatchObject({ name: 'NobodyEnv', parent: 'BaseEnv' });
    expect(env.variables).toEqual([
      {
        name: 'NOBODY_SERVERS',
        meaning: 'Servers, comma-separated over two lines.',
        defaultText: null,
        isRequired: true,
        allowed: '',
      },
      { name: 'NOBODY_NAME', meaning: '', defaultText: null, isRequired: false, allowed: '' },
      {
        name: 'NOBODY_BYTES_MAX',
        meaning: 'Bytes.',
        defaultText: '2097152',
        isRequired: false,
        allowed: '1048576 to 67108864',
      },
      { name: 'NOBODY_LEVEL', meaning: 'How loud.', defaultText: 'low', isRequired: false, allowed: 'low, high' },
      { name: 'NOBODY_WAIT_MS', meaning: '', defaultText: '10000', isRequired: false, allowed: 'at least 1000' },
    ]);
  });
});
