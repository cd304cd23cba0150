import { describe } from '@jest/globals';
import { fuzzApi } from './fuzz-api.ts';

describe('whatever is sent, often', () => {
  fuzzApi({ withoutBody: 40, withBody: 90 });
});
