import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSecret, sealSecret } from '../src/sealed-secret.ts';
import { SyncError } from '../src/sync-error.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const otherKey = Buffer.alloc(32, 2).toString('base64');

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return SyncError.of(error).code;
  }
  return 'no error';
};

describe('sealed secrets', () => {
  it('open to what was sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (secret) => {
        expect(openSecret(sealSecret(secret, key), key)).toBe(Buffer.from(secret, 'utf8').toString('utf8'));
      }),
    );
  });

  it('do not show that two are equal', () => {
    expect(sealSecret('same', key)).not.toBe(sealSecret('same', key));
  });

  it('do not open under another key', () => {
    expect(codeOf(() => openSecret(sealSecret('secret', key), otherKey))).toBe('CONFIG_ENV_INVALID');
  });

  it('do not open after any change', () => {
    const sealed = sealSecret('secret', key);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('A', 'b', '9', '.'), (at, letter) => {
        fc.pre(sealed[at] !== letter);
        const changed = sealed.slice(0, at) + letter + sealed.slice(at + 1);
        // The last digit of a base64 text may hold bits that decode to nothing: the same bytes are the same secret.
        const sameBytes = (text: string): string =>
          text
            .split('.')
            .map((part) => Buffer.from(part, 'base64url').toString('hex'))
            .join('.');
        fc.pre(sameBytes(changed) !== sameBytes(sealed));
        expect(codeOf(() => openSecret(changed, key))).toBe('CONFIG_ENV_INVALID');
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['another format', 'v2.a.b.c'],
    ['clear text', 'hunter2'],
  ])('refuse %s', (_what, text) => {
    expect(codeOf(() => openSecret(text, key))).toBe('CONFIG_ENV_INVALID');
  });

  it('need a key of 32 bytes', () => {
    expect(codeOf(() => sealSecret('secret', Buffer.alloc(16).toString('base64')))).toBe('CONFIG_ENV_INVALID');
  });

  it('never put the secret into the error', () => {
    try {
      openSecret('hunter2', key);
    } catch (error) {
      expect(SyncError.of(error).message).not.toContain('hunter2');
    }
    expect.assertions(1);
  });
});
