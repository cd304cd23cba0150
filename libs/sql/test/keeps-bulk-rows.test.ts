// Goal: rows go in bulk only to servers that keep all of them.
import { describe, expect, it } from '@jest/globals';
import { keepsBulkRows } from '../src/bulk/keeps-bulk-rows.ts';

describe('servers that keep rows in bulk', () => {
  it.each([
    ['10.11.18-MariaDB-0+deb12u1-log', true],
    ['5.5.5-10.11.10-MariaDB', true],
    ['10.11.9-MariaDB', false],
    ['10.5.23-MariaDB', false],
    ['10.5.27-MariaDB', true],
    ['10.4.34-MariaDB', false],
    ['11.4.4-MariaDB', true],
    ['11.4.3-MariaDB', false],
    ['11.5.2-MariaDB', false],
    ['11.8.6-MariaDB', true],
    ['12.0.1-MariaDB', true],
    ['MariaDB of an unknown kind', false],
  ])('%s: %s', (version, isKeeping) => {
    expect(keepsBulkRows(version)).toBe(isKeeping);
  });
});
