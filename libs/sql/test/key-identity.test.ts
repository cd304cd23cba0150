import { describe, expect, it } from '@jest/globals';
import { keyIdentity } from '../src/key-identity.ts';
import type { TargetColumn } from '../src/target-table.ts';

// Goal: what a collation may hold equal has one identity; where that cannot be told, none. The servers themselves are asked in
// key-identity.mysql.test.

const identity = (collation: string, value: string): unknown =>
  keyIdentity('text', { dataType: 'varchar', charset: 'utf8mb4', collation } as TargetColumn)(value);

describe('the identity of a text', () => {
  it.each([
    ['another case', 'utf8mb4_general_ci', 'Anna', 'aNNA'],
    ['blanks behind it', 'utf8mb4_general_ci', 'anna', 'anna  '],
    ['letters that some languages hold equal', 'utf8mb4_unicode_ci', 'jivw', 'yiwu'],
    ['blanks behind it, in a collation of bytes', 'utf8mb4_bin', 'anna', 'anna '],
  ])('is the same with %s', (_what, collation, one, other) => {
    expect(identity(collation, one)).not.toBeNull();
    expect(identity(collation, one)).toBe(identity(collation, other));
  });

  it('differs by case in a collation of bytes', () => {
    expect(identity('utf8mb4_bin', 'Anna')).not.toBe(identity('utf8mb4_bin', 'anna'));
  });

  it.each([
    ['beyond ASCII', 'utf8mb4_general_ci', 'Änna'],
    ['in a collation with rules of its own', 'utf8mb4_hu_0900_ai_ci', 'anna'],
  ])('cannot be told %s', (_what, collation, value) => {
    expect(identity(collation, value)).toBeNull();
  });
});
