import { describe, expect, it } from '@jest/globals';
import { runMutations } from './run-mutations.ts';

// Goal: whatever becomes of the bytes of a log, its readers end in an error of their own or in a harmless value.
// Method: recorded events, damaged by chance, a million times; the unit test beside this file does it for seconds.
const count = 1_000_000;

describe('a damaged stream', () => {
  it('ends in a typed error or in harmless values', async () => {
    const { seed, ...totals } = await runMutations(count);
    process.stdout.write(`fuzz seed ${String(seed)}: ${JSON.stringify(totals)}\n`);
    expect(totals.checksum).toBeGreaterThan(count / 10);
    expect(totals.harmless).toBeGreaterThan(0);
    expect(totals.harmless).toBeLessThan(totals.resealed);
  }, 1_800_000);
});
