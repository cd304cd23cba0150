import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { requireSafeRegex } from '../src/safe-regex.ts';

function codeOf(regex: string): string | null {
  try {
    requireSafeRegex(regex);
    return null;
  } catch (error) {
    return SyncError.of(error).code;
  }
}

describe('requireSafeRegex', () => {
  it.each([
    '.*',
    'orders_(\\d+)',
    '(order|item)_(\\d+)',
    '.*_log_.*',
    '.*order.*item.*',
    '(?!orders$).*',
    '(?!(tmp|old)_).*',
    '(eu|us|ap|sa|af|me)_(orders|items|customers|payments)_(\\d{4})',
    '[\\p{L}\\p{N}_]+',
    '(?<name>[a-z]+)_\\k<name>',
    '(abc)*',
    '([a-z]+_)*[0-9]+',
    'x{3}y?',
    '(p_\\d+_)?(a|b|c|d|e|f|g|h)(_\\d+)?',
    '(?:orders|items)(?:_(?:19|20)\\d{2})?(?:_(?:0[1-9]|1[0-2]))?',
    '([a-z]{2}_){1,4}[a-z]+',
    '(shard(0[1-9]|1[0-6])_)*x',
    `(${Array.from({ length: 60 }, (_, number) => `table${String(number)}`).join('|')})?`,
  ])('lets %s through', (regex) => {
    expect(codeOf(regex)).toBeNull();
  });

  it.each([
    '(a+)+',
    '(a*)*b',
    '(a|a)*b',
    '(a|ab|b)*c',
    '([a-z]+)*_x',
    '(?:a?){30}a{30}',
    `${'a?'.repeat(30)}${'a'.repeat(30)}`,
    `${'(a|a)'.repeat(40)}b`,
    '(.*)(.*)(.*)(.*)(.*)(.*)x',
    '(\\w+\\d+)+$',
    '((\\w+\\d+)+_)+x',
    '(.*.*)*x',
    '.*a.*b.*c.*d.*',
    '(a|b)?.*(c|d)?.*(e|f)?.*(g|h)?.*',
    `(a|b)${'(c|d)?'.repeat(13)}`,
  ])('refuses %s', (regex) => {
    expect(codeOf(regex)).toBe('MAPPING_REGEX_UNSAFE');
  });

  it.each(['a(', '[', 'a)|(b', '\\', '(?<n>a)(?<n>b)'])('%s does not compile', (regex) => {
    expect(codeOf(regex)).toBe('MAPPING_REGEX_INVALID');
  });

  // Of all that was tried the analysis takes longest for these; the first one kept it busy for more than 20 s.
  it.each([
    ['groups within groups', `${'('.repeat(160)}a${'+)'.repeat(160)}`],
    ['a row of groups within groups', '((a|ax*y*)+x*y*)+'.repeat(29)],
    ['deeper ones', '((((a|ax*y*)+x*y*)+x*y*)+x*y*)+'.repeat(16)],
    ['large counts within large counts', '(?:a{1,9999}){1,9999}'],
    ['ever larger counts', `(${Array.from({ length: 58 }, (_, index) => `a{0,${String(index)}}`).join('|')})+`],
  ])('decides without running long itself: %s', (_what, regex) => {
    expect(regex.length).toBeLessThanOrEqual(500);
    expect(codeOf(regex)).toBe('MAPPING_REGEX_UNSAFE');
  });

  it.each(['(a(b(c(d|e)f)g)h)', '((((a))))_(\\d+)', '(?:(?:(?:eu|us)_)?orders)?', '\\(\\(\\(\\([(]{2}'])(
    'groups within groups are no harm by themselves: %s',
    (regex) => {
      expect(codeOf(regex)).toBeNull();
    },
  );
});
