import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyIdOf, keyIds, openSecret, resealSecret, sealSecret } from '../src/sealed-secret.ts';
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
    ['another format', 'v3.a.b.c'],
    ['a format that is cut off', 'v2'],
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

describe('several keys', () => {
  const both = `${otherKey},${key}`;
  // Sealed by the first version, under key 01 01 01 …
  const former = 'v1.BQUFBQUFBQUFBQUF.cseCRwfG.4y_sq2uxjRoyhVqa5VPNWg';

  it('open what the older one sealed; the first one seals', () => {
    expect(openSecret(sealSecret('secret', key), both)).toBe('secret');
    expect(openSecret(sealSecret('secret', both), otherKey)).toBe('secret');
    expect(openSecret(former, both)).toBe('secret');
  });

  it('are told apart by ids, which sealed values carry', () => {
    const [newest, older] = keyIds(both);
    expect(newest).not.toBe(older);
    // Also by who does not have the key.
    expect(keyIdOf(sealSecret('secret', both), key)).toBe(newest);
    expect(keyIdOf(former, both)).toBe(older);
  });

  it('a missing one is named', () => {
    const [id] = keyIds(otherKey);
    expect(() => openSecret(sealSecret('secret', both), key)).toThrow(`needs the key with the id ${String(id)}`);
  });

  it('are gone over to by sealing anew, once', () => {
    const sealed = resealSecret(former, both);
    expect(openSecret(sealed, otherKey)).toBe('secret');
    expect(resealSecret(sealed, both)).toBe(sealed);
    // And back to one key, by which nothing has to be done.
    expect(resealSecret(sealed, otherKey)).toBe(sealed);
  });

  it('while there is one, services of the version before can open what it seals', () => {
    expect(sealSecret('secret', key)).toMatch(/^v1\.[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(resealSecret(former, key)).toBe(former);
  });
});
