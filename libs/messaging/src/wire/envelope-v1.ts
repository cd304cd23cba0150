import { SyncError } from '@lutra/model';
import type { ProcessHeader } from '@lutra/model';
import type { ProcessSchema } from '../bus.ts';
import { ByteDecoder } from './byte-decoder.ts';
import { encodeBlock } from './byte-encoder.ts';
import { decodeSafely, malformed } from './malformed.ts';
import { decodeProcessHeader, encodeProcessHeader } from './process-header.ts';

/** 'LU'. */
const MAGIC_0 = 0x4c;
const MAGIC_1 = 0x55;
/**
 * History: 1.0 first layout; 1.1 statementsSkipped at the end of the header; 1.2 isCaseFolded behind it. A new minor only
 * appends fields to blocks; a new major is a new file.
 */
const MAJOR = 1;
const MINOR = 2;
const HAS_MANIFEST = 1;
const HASH_BYTES = 32;
const SCHEMAS: readonly ProcessSchema[] = ['raw-process/1', 'row-process/1', 'target-process/1', 'statement-process/1'];

/** Where a large body lies and what it must look like when it is put together. */
export interface BodyManifest {
  /** Stage token of the parts' subjects. */
  readonly stage: string;
  /** Random, so that the parts of two attempts never mix. */
  readonly attempt: string;
  readonly count: number;
  readonly length: number;
  readonly sha256: Uint8Array;
}

export type EnvelopeBody =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'manifest'; readonly manifest: BodyManifest };

export interface Envelope {
  readonly schema: ProcessSchema;
  readonly header: ProcessHeader;
  readonly body: EnvelopeBody;
}

/** The queue message: magic, version, flags, length-prefixed header block, then the body or a length-prefixed manifest block. */
export function encodeEnvelope({ schema, header, body }: Envelope): Buffer {
  const fields = encodeBlock((to) => {
    to.text(schema);
    encodeProcessHeader(to, header);
  });
  const prefix = encodeBlock((to) => {
    to.raw(Uint8Array.of(MAGIC_0, MAGIC_1, MAJOR, MINOR, body.kind === 'manifest' ? HAS_MANIFEST : 0));
    to.bytesValue(fields);
    if (body.kind === 'manifest') to.bytesValue(encodeManifest(body.manifest));
    else to.varint(body.bytes.length);
  });
  return body.kind === 'inline' ? Buffer.concat([prefix, body.bytes]) : prefix;
}

/**
 * An inline body is a view into `message`. Throws MESSAGING_UNKNOWN_SCHEMA for another major version or schema,
 * MESSAGING_MALFORMED_BODY for damage.
 */
export function decodeEnvelope(message: Uint8Array): Envelope {
  return decodeSafely('a process envelope', () => {
    const from = new ByteDecoder(message);
    if (from.byte() !== MAGIC_0 || from.byte() !== MAGIC_1) throw malformed('it does not begin as a process does');
    const major = from.byte();
    if (major !== MAJOR) throw unknownSchema(`envelope ${String(major)}`);
    from.skip(1); // The minor version: fields that it added stand behind those we know.
    const flags = from.byte();
    const fields = from.block();
    const schemaText = fields.text();
    const schema = SCHEMAS.find((known) => known === schemaText);
    if (schema === undefined) throw unknownSchema(schemaText);
    const header = decodeProcessHeader(fields);
    if ((flags & HAS_MANIFEST) !== 0)
      return { schema, header, body: { kind: 'manifest', manifest: decodeManifest(from.block()) } };
    return { schema, header, body: { kind: 'inline', bytes: from.bytesValue() } };
  });
}

function encodeManifest(manifest: BodyManifest): Buffer {
  return encodeBlock((to) => {
    to.text(manifest.stage);
    to.text(manifest.attempt);
    to.varint(manifest.count);
    to.varint(manifest.length);
    to.raw(manifest.sha256);
  });
}

function decodeManifest(from: ByteDecoder): BodyManifest {
  const stage = from.text();
  const attempt = from.text();
  const count = from.varint();
  const length = from.varint();
  const start = from.skip(HASH_BYTES);
  if (!/^\w{1,40}$/.test(stage) || !/^\w{1,40}$/.test(attempt)) throw malformed('a manifest names no parts');
  return { stage, attempt, count, length, sha256: from.buffer.subarray(start, start + HASH_BYTES) };
}

const unknownSchema = (schema: string): SyncError =>
  new SyncError('MESSAGING_UNKNOWN_SCHEMA', {
    problem: `A message has the version '${schema}', which this service does not know`,
    schema,
  });
