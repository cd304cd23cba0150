import { describe, expect, it } from '@jest/globals';
import type { TableDefinition } from '@lutra/model';
import { keyText } from '../src/key-text.ts';

const TABLE: TableDefinition = {
  schema: 'shop',
  table: 'parts',
  columns: [
    { name: 'a', declared: 'text', nullable: true, kind: 'text' },
    { name: 'b', declared: 'text', nullable: true, kind: 'text' },
    { name: 'c', declared: 'binary', nullable: true, kind: 'binary' },
  ],
  primaryKey: [0, 1],
};

describe('keyText', () => {
  it('tells keys apart whose parts only look alike when joined', () => {
    expect(keyText(TABLE, ['x', 'y,z', null])).not.toBe(keyText(TABLE, ['x,y', 'z', null]));
  });

  it('is null where a part of the key is not there', () => {
    expect(keyText(TABLE, ['x', undefined, null])).toBeNull();
    expect(keyText(TABLE, ['x', null, null])).toBeNull();
  });

  it('is null for a table without a key', () => {
    expect(keyText({ ...TABLE, primaryKey: [] }, ['x', 'y', null])).toBeNull();
  });

  it('compares bytes by their value', () => {
    const table = { ...TABLE, primaryKey: [2] };
    expect(keyText(table, ['x', 'y', Uint8Array.of(1, 255)])).toBe(keyText(table, [null, null, Buffer.from([1, 255])]));
  });
});
