// Goal: what an older version wrote stays readable, and nobody changes a layout without meaning to.
// Method: files written once and kept. A change that fails here needs a new schema version (a new codec file and a new
// golden file beside the old one), or, for a field appended to a length-prefixed block, a new file under a new name.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { decodeRawProcess, decodeRowProcess, decodeStatementProcess, encodeStatementBody } from '../src/index.ts';
import { decodeEnvelope, encodeEnvelope } from '../src/wire/envelope-v1.ts';
import {
  encodeRaw,
  encodeRows,
  goldenHeader,
  goldenRaw,
  goldenRefused,
  goldenRows,
  goldenStatement,
  goldenTarget,
} from './golden-processes.ts';
import { processHeader } from './fixtures.ts';

const golden = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'golden', name));

const inline = {
  schema: 'row-process/1',
  header: goldenHeader,
  body: { kind: 'inline', bytes: Buffer.from('body') },
} as const;
const manifest = {
  schema: 'raw-process/1',
  header: goldenHeader,
  body: {
    kind: 'manifest',
    manifest: {
      stage: 'select',
      attempt: '0123456789abcdef',
      count: 86,
      length: 64 * 1024 * 1024,
      sha256: createHash('sha256').update('x').digest(),
    },
  },
} as const;

/** Since envelope 1.1. */
const countingInline = { ...inline, header: { ...goldenHeader, statementsSkipped: 300 } } as const;
const countingManifest = { ...manifest, header: { ...goldenHeader, statementsSkipped: 300 } } as const;

/** Since envelope 1.2. */
const foldingInline = { ...inline, header: { ...goldenHeader, isCaseFolded: true } } as const;
const foldingManifest = {
  ...manifest,
  header: { ...goldenHeader, statementsSkipped: 300, isCaseFolded: true },
} as const;

describe('golden files', () => {
  it.each([
    ['row-process-v1.bin', encodeRows(goldenRows)],
    ['target-process-v1.bin', encodeRows(goldenTarget)],
    ['target-process-v1-refused.bin', encodeRows(goldenRefused)],
    ['raw-process-v1.bin', encodeRaw(goldenRaw)],
    ['statement-process-v1.bin', encodeStatementBody(goldenStatement)],
    ['envelope-v1.2-inline.bin', encodeEnvelope(foldingInline)],
    ['envelope-v1.2-manifest.bin', encodeEnvelope(foldingManifest)],
  ])('the encoder still writes %s byte for byte', (name, bytes) => {
    expect(bytes.toString('hex')).toBe(golden(name).toString('hex'));
  });

  it('row and target processes decode', () => {
    expect(decodeRowProcess(processHeader(), golden('row-process-v1.bin'))).toEqual(goldenRows);
    expect(decodeRowProcess(processHeader(), golden('target-process-v1.bin'))).toEqual(goldenTarget);
    expect(decodeRowProcess(processHeader(), golden('target-process-v1-refused.bin'))).toEqual(goldenRefused);
  });

  it('raw processes decode', () => {
    expect(decodeRawProcess(processHeader(), golden('raw-process-v1.bin'))).toEqual(goldenRaw);
  });

  it('statement processes decode', () => {
    expect(decodeStatementProcess(goldenHeader, golden('statement-process-v1.bin'))).toEqual(goldenStatement);
  });

  it.each([
    ['envelope-v1-inline.bin', inline],
    ['envelope-v1-manifest.bin', manifest],
    ['envelope-v1.1-inline.bin', countingInline],
    ['envelope-v1.1-manifest.bin', countingManifest],
    ['envelope-v1.2-inline.bin', foldingInline],
    ['envelope-v1.2-manifest.bin', foldingManifest],
  ])('%s decodes', (name, envelope) => {
    expect(decodeEnvelope(golden(name))).toEqual(envelope);
  });
});
