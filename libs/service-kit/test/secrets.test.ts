import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { Secrets } from '../src/secrets.ts';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'lutra-secrets-'));
const allowed = join(folder, 'allowed');
const environment = { DB_SHOP: 'of the variable', OTHER: 'x', LUTRA_SECRET_KEY: 'never', LUTRA_NATS_PASSWORD: 'never' };
const secretsWith = (references?: string): Secrets =>
  new Secrets(
    {
      LUTRA_SECRET_KEY: Buffer.alloc(32, 1).toString('base64'),
      ...(references === undefined ? {} : { LUTRA_SECRET_REFERENCES: references }),
    },
    environment,
  );
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return SyncError.of(error).code;
  }
  return 'no error';
};

beforeAll(() => {
  mkdirSync(allowed);
  mkdirSync(join(folder, 'allowed-not'));
  writeFileSync(join(allowed, 'password'), 'of the file\n');
  writeFileSync(join(folder, 'private'), 'private');
  writeFileSync(join(folder, 'allowed-not', 'password'), 'private');
  writeFileSync(join(allowed, 'huge'), Buffer.alloc(65_537, 97));
  symlinkSync(join(folder, 'private'), join(allowed, 'link'));
  symlinkSync(join(allowed, 'password'), join(allowed, 'inner-link'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('references', () => {
  const secrets = secretsWith(`env:DB_,env:LUTRA_,file:${allowed}`);

  it.each([
    ['a variable', 'env:DB_SHOP', 'of the variable'],
    ['a file, without the end of its line', `file:${allowed}/password`, 'of the file'],
    ['a link inside the folder', `file:${allowed}/inner-link`, 'of the file'],
  ])('%s is looked up', (_what, reference, expected) => {
    expect(secrets.keep(reference)).toBe(reference);
    expect(secrets.open(reference)).toBe(expected);
    expect(secrets.keyIdOf(reference)).toBeNull();
    expect(secrets.reseal(reference)).toBe(reference);
  });

  it.each([
    ['another variable', 'env:OTHER'],
    ["Lutra's own variable, although listed", 'env:LUTRA_SECRET_KEY'],
    ['no name', 'env:'],
    ['a file elsewhere', `file:${folder}/private`],
    ['a way out of the folder', `file:${allowed}/../private`],
    ['a folder whose name begins alike', `file:${allowed}-not/password`],
    ['a relative path', 'file:password'],
    ['a zero byte', `file:${allowed}/a\0b`],
  ])('%s is refused, when it is kept and when it is used', (_what, reference) => {
    expect(codeOf(() => secrets.keep(reference))).toBe('SECRET_REFERENCE_REFUSED');
    expect(codeOf(() => secrets.open(reference))).toBe('SECRET_REFERENCE_REFUSED');
  });

  it('a link that leads out of the folder is refused', () => {
    expect(codeOf(() => secrets.open(`file:${allowed}/link`))).toBe('SECRET_REFERENCE_REFUSED');
  });

  it.each([
    ['variable', 'env:DB_NONE'],
    ['file', `file:${allowed}/none`],
    ['file of a size', `file:${allowed}/huge`],
    ['file, but a folder,', `file:${allowed}/.`.slice(0, -2) + '/'],
  ])('a %s that is not there is named', (_what, reference) => {
    expect(() => secrets.open(reference)).toThrow(reference.split(':')[1]);
  });

  it('none is allowed unless somebody allows it', () => {
    for (const reference of ['env:DB_SHOP', `file:${allowed}/password`])
      expect(codeOf(() => secretsWith().open(reference))).toBe('SECRET_REFERENCE_REFUSED');
  });
});
