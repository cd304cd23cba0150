import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { createLog, setLogLevel } from '../src/log.ts';

// Goal: the level of a log can be changed while it is used, and all loggers that were made from it follow.
// Method: a log whose lines are read back.

function recorded(): { readonly log: ReturnType<typeof createLog>; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const identity = { service: 'load', instance: 'load-1', host: 'h', version: '1' } as const;
  return { log: createLog(identity, { level: 'info', destination }), lines };
}

describe('the level of a log', () => {
  it('holds for it and for all of its children, those of before the change too', () => {
    const { log, lines } = recorded();
    const child = log.child({ pipelineId: 'p' }).child({ processId: 1 });
    child.debug('not yet');
    setLogLevel(log, 'debug');
    child.debug('now');
    log.child({ pipelineId: 'q' }).debug({ rows: 3 }, 'by a new one');
    log.trace('never');
    setLogLevel(log, 'error');
    child.warn('not any more');
    child.error({ err: new Error('told') }, 'always');
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['info', 'log level changed'],
      ['debug', 'now'],
      ['debug', 'by a new one'],
      ['error', 'always'],
    ]);
    expect(lines[1]).toMatchObject({ service: 'load', instance: 'load-1', pipelineId: 'p', processId: 1 });
    expect(lines[2]).toMatchObject({ pipelineId: 'q', rows: 3 });
  });

  it('says once that it is another one', () => {
    const { log, lines } = recorded();
    setLogLevel(log, 'info');
    setLogLevel(log, 'debug');
    setLogLevel(log, 'debug');
    expect(lines).toMatchObject([{ msg: 'log level changed', logLevel: 'debug' }]);
  });

  it('of a log of another make stays', () => {
    const log = pino({ level: 'warn' });
    setLogLevel(log, 'debug');
    expect(log.level).toBe('warn');
  });
});
