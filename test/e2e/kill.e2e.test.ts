import { describe } from '@jest/globals';
import { killServices } from './kill-services.ts';

describe('a killed service', () => {
  killServices(2);
});
