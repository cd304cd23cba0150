import { readIncident } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { SyncError } from '@lutra/model';
import type { LogPosition } from './log-position.ts';

/** The error for an INCIDENT: everything in front of it is good, what is missing behind it nobody knows. */
export function incidentStop(event: FramedEvent, position: LogPosition): SyncError {
  const { kind, message } = readIncident(event);
  const place = position.toString();
  const said = message === '' ? `incident ${String(kind)}` : `incident ${String(kind)}, "${message}"`;
  return new SyncError('SOURCE_INCIDENT', {
    problem: `The source says that changes are missing from its binary log at ${place} (${said})`,
    place,
  });
}
