import { createHash } from 'node:crypto';
import { SyncError, describeProcess } from '@lutra/model';
import type { ProcessIdentity } from '@lutra/model';
import type { BodyManifest } from '../wire/envelope-v1.ts';
import { malformed } from '../wire/malformed.ts';
import { isNoMessage } from './nats-failure.ts';
import type { NatsLink } from './nats-link.ts';

/** A part and its headers stay below NATS's default of 1 MiB per message. */
export const PART_BYTES = 768 * 1024;
/** Parts under way at once, for reading and for writing. */
export const PARTS_IN_FLIGHT_MAX = 4;

/** Puts a body together from its parts, in one allocation. BUS_BODY_MISSING when a part is gone, MESSAGING_MALFORMED_BODY when the sum is not what the manifest says. */
export async function fetchParts(link: NatsLink, identity: ProcessIdentity, manifest: BodyManifest): Promise<Buffer> {
  if (manifest.length > manifest.count * PART_BYTES)
    throw malformed('a manifest promises more than its parts can hold');
  const prefix = link.subjects.bodyParts(identity, manifest.stage, manifest.attempt);
  const body = Buffer.allocUnsafeSlow(manifest.length);
  const hash = createHash('sha256');
  const underWay: Promise<Uint8Array>[] = [];
  let asked = 0;
  let at = 0;
  for (let part = 0; part < manifest.count; part++) {
    while (asked < manifest.count && underWay.length < PARTS_IN_FLIGHT_MAX) {
      const fetching = fetchPart(link, identity, `${prefix}${String(asked++)}`);
      fetching.catch(() => undefined); // Awaited below in its turn; a failure before that must not be an unhandled one.
      underWay.push(fetching);
    }
    const bytes = await underWay.shift();
    if (bytes === undefined || at + bytes.length > body.length)
      throw malformed('the parts are larger than their manifest says');
    body.set(bytes, at);
    hash.update(bytes);
    at += bytes.length;
  }
  if (at !== body.length || !hash.digest().equals(manifest.sha256))
    throw malformed(`the parts of ${describeProcess(identity)} do not match their manifest`);
  return body;
}

/** Removes the parts of all stages and attempts of one process. */
export async function purgeParts(link: NatsLink, identity: ProcessIdentity): Promise<void> {
  await link.jsm.streams.purge(link.subjects.streams.bodies, { filter: link.subjects.bodiesOfProcess(identity) });
}

async function fetchPart(link: NatsLink, identity: ProcessIdentity, subject: string): Promise<Uint8Array> {
  const stored = await link.call(async () => {
    try {
      return await link.jsm.direct.getMessage(link.subjects.streams.bodies, { last_by_subj: subject });
    } catch (error) {
      if (isNoMessage(error)) return null;
      throw error;
    }
  });
  if (stored !== null) return stored.data;
  await link.repair.unreadable(link.subjects.streams.bodies);
  const problem = `A part of the body of process ${describeProcess(identity)} is no longer stored`;
  throw new SyncError('BUS_BODY_MISSING', { problem, ...identity, subject });
}
