import type { FaultFamily } from './fault-family.ts';
import { LINK_FAULTS } from './link-faults.ts';
import { OPERATOR_FAULTS } from './operator-faults.ts';
import { SERVER_FAULTS } from './server-faults.ts';
import { SERVICE_FAULTS } from './service-faults.ts';
import { STREAM_FAULTS } from './stream-faults.ts';
import { TARGET_FAULTS } from './target-faults.ts';

export const FAULT_FAMILIES: readonly FaultFamily[] = [
  ...SERVICE_FAULTS,
  ...LINK_FAULTS,
  ...SERVER_FAULTS,
  ...STREAM_FAULTS,
  ...TARGET_FAULTS,
  ...OPERATOR_FAULTS,
];
