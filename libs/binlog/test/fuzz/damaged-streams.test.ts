import { describe, expect, it } from '@jest/globals';
import { runMutations } from './run-mutations.ts';

// Goal: whatever becomes of the bytes of a log, its readers end in an error of their own or in a harmless value.
// Method: recorded events, damaged by chance; the nightly run beside this file does the same a million times.
describe('a damaged stream', () => {
  it('ends in a typed error or in harmless values', async () => {
    const { seed, ...totals } = await runMutations(4_000);
    process.stdout.write(`fuzz seed ${String(seed)}: ${JSON.stringify(totals)}\n`);
    expect(totals.checksum).toBeGreaterThan(500);
    expect(totals.harmless).toBeGreaterThan(0);
    expect(totals.harmless).toBeLessThan(totals.resealed);
  }, 60_000);
});
