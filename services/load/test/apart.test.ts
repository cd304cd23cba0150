import { describe, expect, it } from '@jest/globals';
import type { Place } from '@lutra/model';
import { apartAt } from '../src/apart.ts';
import { noCounts } from '../src/loaded-process.ts';
import type { ProcessPart } from '../src/loaded-process.ts';

const placeAt = (gtidList: string): Place => ({ done: { kind: 'mariadbGtid', gtidList }, inside: null });
const partOf = (...gtids: readonly string[]): ProcessPart =>
  ({ loaded: {}, transactions: gtids.map((gtid) => ({ gtid })), counts: noCounts() }) as unknown as ProcessPart;
const shown = (parts: readonly ProcessPart[], end: Place) =>
  apartAt({ parts, end }, placeAt('0-1-4')).map((portion) => ({
    gtids: portion.parts.map(({ transactions }) => transactions.map(({ gtid }) => gtid).join('+')),
    done: portion.end.done.kind === 'mariadbGtid' ? portion.end.done.gtidList : '',
  }));

describe('transactions one by one', () => {
  it('each has its own place, the last one that of all', () => {
    expect(shown([partOf('0-1-5', '0-1-6'), partOf('1-1-1')], placeAt('0-1-9,1-1-1'))).toEqual([
      { gtids: ['0-1-5'], done: '0-1-5' },
      { gtids: ['0-1-6'], done: '0-1-6' },
      { gtids: ['1-1-1'], done: '0-1-9,1-1-1' },
    ]);
  });

  it('slices of one transaction stay together', () => {
    expect(shown([partOf('0-1-5'), partOf('0-1-5', '0-1-6')], placeAt('0-1-6'))).toEqual([
      { gtids: ['0-1-5', '0-1-5'], done: '0-1-5' },
      { gtids: ['0-1-6'], done: '0-1-6' },
    ]);
  });

  it('processes without rows are done with their neighbours, or by themselves', () => {
    expect(shown([partOf(), partOf('0-1-5'), partOf()], placeAt('0-1-8'))).toEqual([
      { gtids: ['', '0-1-5', ''], done: '0-1-8' },
    ]);
    expect(shown([partOf()], placeAt('0-1-8'))).toEqual([{ gtids: [''], done: '0-1-8' }]);
  });
});
