import { describe } from '@jest/globals';
import { killServices } from './kill-services.ts';

describe('a service that is killed again and again', () => {
  killServices(5);
});
