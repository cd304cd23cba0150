import { describe } from '@jest/globals';
import { endAtFailPoints } from './end-at-fail-points.ts';

// Extract and transform take and pass on their processes by the same code, and stages before load do the same in both modes.
describe('a stage that ends at a fail point, merged', () => {
  endAtFailPoints('merged', {
    select: ['before-publish', 'after-publish'],
    extract: ['before-publish', 'before-acknowledge'],
    transform: ['after-publish'],
    load: ['before-commit', 'between-lanes', 'after-commit', 'before-acknowledge'],
  });
});

describe('a stage that ends at a fail point, transactional', () => {
  endAtFailPoints('transactional', { load: ['after-stage', 'before-commit', 'after-commit'] });
});
