import { describe, expect, it } from '@jest/globals';
import type { MappingRules } from '@lutra/model';
import { Secrets } from '@lutra/service-kit';
import { keepKeys, keysOf, markRules, replaceKeys, showRules } from '../src/mapping-rules/masking-keys.ts';
import type { GivenRules, GivenStep } from '../src/mapping-rules/read-rules.ts';

const secrets = new Secrets({
  LUTRA_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  LUTRA_SECRET_REFERENCES: 'env:MASKING_',
});
const rules = (...steps: readonly GivenStep[]): GivenRules => ({
  columns: [{ target: 'mail', from: { kind: 'column', column: 'mail' }, steps }],
});
const hash = (key: Extract<GivenStep, { kind: 'hash' }>['key'], length?: number): GivenStep => ({
  kind: 'hash',
  key,
  ...(length === undefined ? {} : { length }),
});
const keep = (given: GivenRules, present: MappingRules | null = null): MappingRules =>
  keepKeys(given, { present, secrets }) ?? {};

describe('masking keys', () => {
  it('are kept sealed, references as they are', () => {
    const kept = keep(rules(hash('in clear', 16), { kind: 'token', key: 'env:MASKING_KEY' }));
    const [sealed, reference] = keysOf(kept);
    expect(JSON.stringify(kept)).not.toContain('in clear');
    expect(secrets.open(sealed ?? '')).toBe('in clear');
    expect(reference).toBe('env:MASKING_KEY');
    expect(showRules(kept)).toEqual(rules(hash({ set: true }, 16), { kind: 'token', key: 'env:MASKING_KEY' }));
  });

  it('stay when they are left out, wherever else the rules change', () => {
    const kept = keep(rules(hash('first'), hash('second'), { kind: 'token', key: 'third' }));
    const [first, second, third] = keysOf(kept);
    const again = keep(rules({ kind: 'token', key: { set: true } }, hash(undefined), hash({ set: true }, 9)), kept);
    expect(keysOf(again)).toEqual([third, first, second]);
  });

  it('keep their sealed text when the same is given again, and get another for another', () => {
    const kept = keep(rules(hash('same')));
    expect(keep(rules(hash('same')), kept)).toEqual(kept);
    expect(secrets.open(keysOf(keep(rules(hash('other')), kept))[0] ?? '')).toBe('other');
    expect(markRules(keep(rules(hash('other')), kept))).not.toEqual(markRules(kept));
    expect(JSON.stringify(markRules(kept))).not.toContain(keysOf(kept)[0]);
  });

  it('are asked for where there is none that could stay', () => {
    expect(() => keep(rules(hash(undefined)))).toThrow('rules.columns.0.steps.0.key is needed');
    expect(() => keep(rules({ kind: 'token', key: { set: true } }), keep(rules(hash('k'))))).toThrow('is needed');
  });

  it('are refused as references that are not allowed, by field', () => {
    expect(() => keep(rules(hash('env:HOME')))).toThrow('rules.columns.0.steps.0.key: env:HOME is not allowed');
  });

  it('are replaced and nothing else is', () => {
    const kept = keep(rules(hash('k', 9), { kind: 'json', path: '$' }));
    expect(replaceKeys(kept, () => 'x')).toEqual(rules(hash('x', 9), { kind: 'json', path: '$' }));
  });
});
