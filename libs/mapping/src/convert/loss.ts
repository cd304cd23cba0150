import type { LossPolicy } from '@lutra/model';
import { valueRefused } from '../steps/step-place.ts';
import type { StepPlace } from '../steps/step-place.ts';

/** What becomes of the values that a type cannot hold. */
export class Loss {
  constructor(
    readonly policy: LossPolicy,
    private readonly place: StepPlace,
    /** The type that is converted to, as it is declared. */
    private readonly type: string,
  ) {}

  /** Whether digits and characters may be left out. */
  get mayCut(): boolean {
    return this.policy === 'truncate' || this.policy === 'clamp';
  }

  /** For a value that the type cannot hold, and that no policy but null has something else for. Throws ROW_VALUE_LOST. */
  lost(): null {
    if (this.policy === 'null') return null;
    throw valueRefused('ROW_VALUE_LOST', this.place, `a value does not fit ${this.type}`);
  }

  /** For a value that is none of the type at all: `what` it should be. Throws ROW_VALUE_INVALID. */
  invalid(what: string): null {
    if (this.policy === 'null') return null;
    throw valueRefused('ROW_VALUE_INVALID', this.place, `a value is no ${what}, so it cannot become ${this.type}`);
  }
}
