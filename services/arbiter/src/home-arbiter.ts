import { createHash } from 'node:crypto';

/**
 * The arbiter that should lead this pipeline: each pair of pipeline and arbiter has a number, and the largest wins
 * (rendezvous hashing, Thaler and Ravishankar 1998). All arbiters find the same one without asking each other, pipelines
 * spread evenly, and an arbiter that comes or goes moves only those that it gets or had. Null without an arbiter.
 */
export function homeArbiter(pipelineId: string, arbiters: readonly string[]): string | null {
  let home: string | null = null;
  let highest = '';
  for (const arbiter of arbiters) {
    const score = createHash('sha256').update(`${arbiter}\0${pipelineId}`).digest('hex');
    if (score <= highest) continue;
    highest = score;
    home = arbiter;
  }
  return home;
}
