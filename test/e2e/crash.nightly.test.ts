import { describe } from '@jest/globals';
import { endAtFailPoints } from './end-at-fail-points.ts';

const STAGE = ['before-publish', 'after-publish', 'before-acknowledge'];
const STAGES = { select: ['before-publish', 'after-publish'], extract: STAGE, transform: STAGE };

describe('a stage that ends at any fail point, merged', () => {
  endAtFailPoints('merged', {
    ...STAGES,
    load: ['before-commit', 'between-lanes', 'after-commit', 'before-acknowledge'],
  });
});

describe('a stage that ends at any fail point, transactional', () => {
  endAtFailPoints('transactional', {
    ...STAGES,
    load: ['after-stage', 'before-commit', 'after-commit', 'before-acknowledge'],
  });
});
