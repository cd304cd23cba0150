// What tools/src/sim drives of select: everything of an epoch that does not read binlog events.
export { agreeOnPlace, followCursor } from './agree-on-place.ts';
export { ProcessPublisher } from './process-publisher.ts';
export { reportWindow } from './report-window.ts';
export { SelectStatus } from './select-status.ts';
export { closeAfterMs, ProcessWindow } from './window.ts';
