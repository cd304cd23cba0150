import { anchorOf, ERRORS, WARNINGS } from '@lutra/model';
import type { FailureReport, LutraEvent, PipelineCondition } from '@lutra/model';

export type LinkedFailure = FailureReport & { readonly runbook: string };

/** Addresses of the runbook's sections, below the address where this installation has the page. */
export class RunbookLinks {
  constructor(private readonly page: string) {}

  ofCondition(condition: PipelineCondition): string {
    return `${this.page}#${condition}`;
  }

  ofCode(code: string): string {
    return `${this.page}#${anchorOf(code)}`;
  }

  /** A code of another version of Lutra has no section here: the page itself is better than nothing. */
  ofFailure(failure: FailureReport): LinkedFailure {
    return { ...failure, runbook: failure.code in ERRORS ? this.ofCode(failure.code) : this.page };
  }

  /** The event with the link beside the failure that it tells of. */
  inEvent(event: LutraEvent): LutraEvent {
    switch (event.kind) {
      case 'failed':
        return { ...event, failure: this.ofFailure(event.failure) };
      case 'permit-granted':
      case 'permit-revoked': {
        const { failure } = event.permit;
        return failure === null ? event : { ...event, permit: { ...event.permit, failure: this.ofFailure(failure) } };
      }
      case 'command-issued':
      case 'command-done':
      case 'rolled-back': {
        const { failure } = event.command;
        return failure === undefined
          ? event
          : { ...event, command: { ...event.command, failure: this.ofFailure(failure) } };
      }
      case 'warning':
        return event.code in ERRORS || event.code in WARNINGS
          ? Object.assign({ runbook: this.ofCode(event.code) }, event)
          : event;
      default:
        return event;
    }
  }
}
