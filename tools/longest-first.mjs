// Jest's sequencer: long test files first. A long file that begins last runs alone at the end, and the other workers wait.
// Without times of an earlier run, as in CI, Jest goes by the size of a file, which says nothing: a few lines kill services.
import { relative } from 'node:path';
import { readFileSync } from 'node:fs';
import Sequencer from '@jest/test-sequencer';

/** Seconds that long files took in CI; the order is what counts. */
const SECONDS = JSON.parse(readFileSync(new URL('long-tests.json', import.meta.url), 'utf8'));

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const secondsOf = ({ path, context }) => SECONDS[relative(new URL('..', import.meta.url).pathname, path)] ?? 0;
    // Files that are not in the list keep the order that Jest gives them.
    return super.sort(tests).toSorted((a, b) => secondsOf(b) - secondsOf(a));
  }
}
