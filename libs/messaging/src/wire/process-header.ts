import { STAGES } from '@lutra/model';
import type { ProcessHeader, StageTime } from '@lutra/model';
import { encodeBlock } from './byte-encoder.ts';
import type { ByteEncoder } from './byte-encoder.ts';
import type { ByteDecoder } from './byte-decoder.ts';
import { malformed } from './malformed.ts';
import { decodePlace, encodePlace } from './place.ts';

/** Writes the fields in the order of the table in the README. New fields go to the end of a block, with a default for readers. */
export function encodeProcessHeader(to: ByteEncoder, header: ProcessHeader): void {
  to.text(header.pipelineId);
  to.varint(header.epoch);
  to.varint(header.process);
  to.varint(header.revision);
  encodePlace(to, header.end);
  to.text(header.serverUuid);
  to.varint(header.transactionCount);
  to.varint(header.rowCount);
  to.varint(header.sourceBytes);
  to.double(header.firstCommitMs);
  to.double(header.lastCommitMs);
  to.varint(header.stages.length);
  for (const time of header.stages) to.bytesValue(encodeBlock((inner) => encodeStageTime(inner, time)));
  // Since 1.1.
  to.varint(header.statementsSkipped ?? 0);
  // Since 1.2.
  to.byte(header.isCaseFolded === true ? 1 : 0);
}

export function decodeProcessHeader(from: ByteDecoder): ProcessHeader {
  const header: ProcessHeader = {
    pipelineId: from.text(),
    epoch: from.varint(),
    process: from.varint(),
    revision: from.varint(),
    end: decodePlace(from),
    serverUuid: from.text(),
    transactionCount: from.varint(),
    rowCount: from.varint(),
    sourceBytes: from.varint(),
    firstCommitMs: from.double(),
    lastCommitMs: from.double(),
    stages: Array.from({ length: from.count(1) }, () => decodeStageTime(from.block())),
  };
  const statementsSkipped = from.isAtEnd ? 0 : from.varint();
  const isCaseFolded = !from.isAtEnd && from.byte() === 1;
  return {
    ...header,
    ...(statementsSkipped === 0 ? {} : { statementsSkipped }),
    ...(isCaseFolded ? { isCaseFolded } : {}),
  };
}

function encodeStageTime(to: ByteEncoder, time: StageTime): void {
  to.byte(STAGES.indexOf(time.stage));
  to.text(time.instance);
  to.double(time.startMs);
  to.double(time.endMs);
  to.varint(time.rowCount);
  to.varint(time.bytes);
}

function decodeStageTime(from: ByteDecoder): StageTime {
  const stage = STAGES[from.byte()];
  if (stage === undefined) throw malformed('a stage time has an unknown stage');
  return {
    stage,
    instance: from.text(),
    startMs: from.double(),
    endMs: from.double(),
    rowCount: from.varint(),
    bytes: from.varint(),
  };
}
