import { describe, expect, it } from '@jest/globals';
import { ALL_DDL_TEXTS } from './all-ddl-texts.ts';
import { ALL_SCENARIOS } from './all-scenarios.ts';

// The issue asks for it; texts that only one kind of server understands come on top.
const TEXTS_MIN = 150;

describe('scenarios', () => {
  it('are at least a hundred and fifty different texts that both kinds of server run', () => {
    const texts = ALL_SCENARIOS.filter(({ only }) => only === undefined).map(({ sql }) => sql.join('\n'));
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.length).toBeGreaterThanOrEqual(TEXTS_MIN);
  });

  it('have names of their own', () => {
    expect(new Set(ALL_SCENARIOS.map(({ name }) => name)).size).toBe(ALL_SCENARIOS.length);
  });
});

describe('texts of schema statements', () => {
  it('are at least thirty that both kinds of server run, with names of their own', () => {
    const texts = ALL_DDL_TEXTS.filter(({ only }) => only === undefined).map(({ sql }) => sql.join('\n'));
    expect(new Set(texts).size).toBeGreaterThanOrEqual(30);
    expect(new Set(ALL_DDL_TEXTS.map(({ name }) => name)).size).toBe(ALL_DDL_TEXTS.length);
  });
});
