import type { Command, Permit } from '@lutra/model';

/**
 * The executable model of a permit: which permit may follow which, by the command that wrote it. It knows nothing of how the
 * arbiter decides; it says what an operator may rely on (DESIGN §4.1 "Leases and epochs", §5). Gives what is wrong, or null.
 */
export function checkPermit(before: unknown, after: unknown, commandOf: (id: string) => Command | null): string | null {
  if (after === null) return null;
  const next = after as Permit;
  const previous = before as Permit | null;
  const command = commandOf(next.commandId);
  if (command === null) return 'a permit names a command that nobody issued';
  if (previous === null) return isOrder(command) ? null : 'a first permit that no operator ordered';
  if (next.epoch < previous.epoch) return 'the epoch of the permit went back';
  return next.epoch === previous.epoch ? checkSameEpoch(previous, next) : checkNextEpoch(previous, next, command);
}

/** In one epoch the state stays; it may begin to drain, drain for another order, or forget its attempts. */
function checkSameEpoch(previous: Permit, next: Permit): string | null {
  if (next.state !== previous.state) return 'the state changed without a new epoch';
  if (previous.draining && !next.draining) return 'a permit stopped draining without a new epoch';
  if (next.draining && next.state !== 'RUNNING') return 'a permit drains that does not run';
  if (next.commandId === previous.commandId)
    return next.attempt > previous.attempt ? 'attempts grew in one epoch' : null;
  return next.draining ? null : 'a command changed a permit without a new epoch';
}

function checkNextEpoch(previous: Permit, next: Permit, command: Command): string | null {
  if (next.draining) return 'an epoch began draining';
  const { aboutEpoch } = command;
  if (aboutEpoch !== null && aboutEpoch < previous.epoch) return 'a command about an epoch that has passed was obeyed';
  if (previous.state === 'STOPPED' && !(isOrder(command) && next.state === 'RUNNING'))
    return 'a stopped pipeline was changed by something else than a START';
  if (previous.state === 'PAUSED' && next.state === 'RUNNING' && !isOrder(command) && previous.nextAttemptAt === null)
    return 'a paused pipeline ran again without an order';
  const isHalting = previous.draining && previous.pending?.kind !== 'RESTART';
  if (isHalting && next.state === 'RUNNING' && !isOrder(command)) return 'a pipeline that was being halted ran again';
  return next.state === goalOf(command) ? null : `${command.kind} led to ${next.state}`;
}

const isOrder = ({ aboutEpoch, kind }: Command): boolean =>
  aboutEpoch === null &&
  (kind === 'START' || kind === 'RESTART' || kind === 'STOP' || kind === 'PAUSE' || kind === 'ROLLBACK');

function goalOf({ kind }: Command): Permit['state'] | 'none' {
  switch (kind) {
    case 'START':
    case 'RESTART':
      return 'RUNNING';
    case 'PAUSE':
    case 'ROLLBACK':
      return 'PAUSED';
    case 'STOP':
      return 'STOPPED';
    case 'WARNING':
      return 'none';
  }
}
