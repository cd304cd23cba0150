import { describe, expect, it } from '@jest/globals';
import { linkSignals } from '../src/link-signals.ts';

describe('linkSignals', () => {
  it('aborts with the first, and with its reason', () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const { signal } = linkSignals(one.signal, two.signal);
    expect(signal.aborted).toBe(false);
    two.abort('second');
    one.abort('first');
    expect(signal.reason).toBe('second');
  });

  it('is aborted at once when one of them is', () => {
    expect(linkSignals(new AbortController().signal, AbortSignal.abort('before')).signal.reason).toBe('before');
  });

  it('hears nothing more after unlink', () => {
    const one = new AbortController();
    const { signal, unlink } = linkSignals(one.signal);
    unlink();
    one.abort();
    expect(signal.aborted).toBe(false);
  });
});
