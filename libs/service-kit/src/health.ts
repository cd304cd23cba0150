/** A part that says whether it is well. Empty text = well, else the reason why not. */
export type HealthCheck = () => string;

export interface HealthAnswer {
  readonly isWell: boolean;
  readonly reasons: readonly string[];
}

/**
 * What /health/live and /health/ready say. Live: a restart would not help. Ready: this instance does its work. A part that
 * is added later (connections, workers) counts from then on; until `started` the service is not ready.
 */
export class Health {
  private phase = 'starting';
  private readonly readyChecks: HealthCheck[] = [];
  private readonly liveChecks: HealthCheck[] = [];

  addReadyCheck(check: HealthCheck): void {
    this.readyChecks.push(check);
  }

  addLiveCheck(check: HealthCheck): void {
    this.liveChecks.push(check);
  }

  /** 'starting: …' and 'stopping' are reasons of their own; '' = the service is up. */
  setPhase(phase: string): void {
    this.phase = phase;
  }

  live(): HealthAnswer {
    return answer(this.liveChecks);
  }

  ready(): HealthAnswer {
    return answer([() => this.phase, ...this.readyChecks]);
  }
}

function answer(checks: readonly HealthCheck[]): HealthAnswer {
  const reasons = checks.map((check) => check()).filter((reason) => reason !== '');
  return { isWell: reasons.length === 0, reasons };
}
