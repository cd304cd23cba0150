import { describe, expect, it } from '@jest/globals';
import { validateSync } from 'class-validator';
import { StartDto, startOf } from '../src/pipelines/start.dto.ts';

const dto = (fields: Partial<StartDto>): StartDto => Object.assign(new StartDto(), fields);

describe('start by time', () => {
  it.each(['2026-11-21T10:00:00Z', '2026-11-21T10:00:00.123456Z'])('takes %s', (time) => {
    const given = dto({ kind: 'time', time });
    expect(validateSync(given)).toEqual([]);
    expect(startOf(given, 'mysql')).toEqual({ kind: 'time', time });
  });

  it.each(['2026-11-21 10:00:00', '2026-11-21T10:00:00+01:00', '2026-11-21T10:00:00', 'yesterday', ''])(
    'refuses %p',
    (time) => {
      expect(validateSync(dto({ kind: 'time', time }))).toHaveLength(1);
    },
  );

  it.each<[string, Partial<StartDto>, RegExp]>([
    ['no time', { kind: 'time' }, /needs time/],
    ['a time that does not exist', { kind: 'time', time: '2026-13-21T10:00:00Z' }, /does not exist/],
    ['a time with another kind', { kind: 'latest', time: '2026-11-21T10:00:00Z' }, /does not belong/],
    ['GTIDs with a time', { kind: 'time', time: '2026-11-21T10:00:00Z', gtid: '0-1-1' }, /does not belong/],
  ])('refuses %s', (_what, fields, problem) => {
    expect(() => startOf(dto(fields), 'mariadb')).toThrow(problem);
  });
});
