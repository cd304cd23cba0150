import { describe } from '@jest/globals';
import { fuzzApi } from './fuzz-api.ts';

describe('whatever is sent', () => {
  fuzzApi({ withoutBody: 4, withBody: 8 });
});
